/** One tenant's mailboxes are held by somebody for long: every other tenant's changes go on, and end before those do. */
import { ALL_UIDS, DEFAULT_TENANT, FLAG, ROOT_TENANT, type Account, type FolderRef, type TenantId } from '#domain';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PgDirectoryStore } from './directory/pg-directory.store.ts';
import { folderWorld, message, named, type FolderWorld } from './folder/folder-world.spec-helper.ts';
import { fill, makeMailbox } from './folder/mailboxes.spec-helper.ts';
import { PgFolderStore } from './folder/pg-folder.store.ts';

let world: FolderWorld;
let busy: FolderRef[];
let quiet: FolderRef;
beforeAll(async () => {
  world = await folderWorld();
  const directory = new PgDirectoryStore(world.db.as('posthouse_api'));
  const { id } = await directory.addTenant({ principal: ROOT_TENANT, tenant: 'default' }, 'busy');
  const boxes = async (tenant: string, tenantId: TenantId, names: readonly string[]): Promise<FolderRef[]> => {
    const scope = { principal: ROOT_TENANT, tenant };
    await directory.addDomain(scope, `${tenant}.example`, undefined);
    const made: FolderRef[] = [];
    for (const name of names) {
      const box = { passwordHash: undefined, quotaOctets: undefined, quotaMessages: undefined };
      const mailbox = await directory.addMailbox(scope, { address: `${name}@${tenant}.example`, ...box });
      const account: Account = { tenantId, mailboxId: mailbox.id };
      const inbox = { ...account, folderId: (await world.state(account)).folderId };
      await fill(world.db.owner, inbox, 3, { flags: FLAG.deleted });
      made.push(inbox);
    }
    return made;
  };
  busy = await boxes(
    'busy',
    id,
    Array.from({ length: 20 }, (_, n) => `u${n}`),
  );
  [quiet] = (await boxes('default', DEFAULT_TENANT, ['q'])) as [FolderRef];
});
afterAll(() => world.db.drop());

const SENT = named('Sent');
const CHANGES: readonly (readonly [string, (store: PgFolderStore, inbox: FolderRef) => Promise<unknown>])[] = [
  ['STORE', (store, inbox) => store.store(inbox, ALL_UIDS, { mode: 'add', flags: FLAG.seen, keywords: [] })],
  ['APPEND', (store, inbox) => store.append(inbox, named('INBOX'), message())],
  ['COPY of much', (store, inbox) => store.copy(inbox, ALL_UIDS, SENT)],
  ['MOVE of much', (store, inbox) => store.move(inbox, ALL_UIDS, SENT)],
  ['EXPUNGE', (store, inbox) => store.expunge(inbox, ALL_UIDS)],
  ['DELETE', (store, inbox) => store.delete(inbox, named('Trash'))],
];

test.each(CHANGES)('%s of twenty users who wait for their rows hold up no other tenant', async (_name, change) => {
  const store = new PgFolderStore(world.db.as('posthouse_imap'));
  const holder = new pg.Client({ connectionString: world.db.ownerUrl });
  await holder.connect();
  await holder.query('begin');
  await holder.query('select from folder where tenant_id = $1 for update', [busy[0]?.tenantId]);
  const ended: string[] = [];
  const held = busy.map((inbox) => change(store, inbox).then(() => ended.push('held')));
  for (const [, others] of CHANGES.slice(0, 3)) await others(store, quiet);
  ended.push('others');
  await holder.query('commit');
  await holder.end();
  await Promise.all(held);
  // Nothing was given up: each had its turn when its rows came free.
  expect(ended).toEqual(['others', ...busy.map(() => 'held')]);
});

test.for([
  ['all there is', ALL_UIDS, 2_500],
  ['every other one', Array.from({ length: 1_250 }, (_, at) => ({ first: 2 * at + 1, last: 2 * at + 1 })), 1_250],
  ['exactly a part', [{ first: 1, last: 1_000 }], 1_000],
] as const)('MOVE of many goes in parts: %s', async ([, set, moved]) => {
  const { inbox } = await makeMailbox(world.db.owner);
  await fill(world.db.owner, inbox, 2_500);
  const before = await world.state(inbox);
  const answer = await world.store.move(inbox, set, SENT);
  if (answer.kind !== 'copied') return expect.fail(answer.kind);
  expect([answer.sourceUids.length, answer.targetUids.length]).toEqual([moved, moved]);
  expect([...answer.targetUids]).toEqual([...answer.targetUids.keys()].map((at) => at + 1));
  const after = await world.state(inbox);
  expect(after).toMatchObject({
    messages: 2_500 - moved,
    highestModseq: before.highestModseq + Math.ceil(moved / 1_000),
  });
  expect((await world.state(inbox, 'Sent')).messages).toBe(moved);
  await world.exact(inbox);
});

test('MOVE of many into the folder itself ends, and leaves as many', async () => {
  const { inbox } = await makeMailbox(world.db.owner);
  await fill(world.db.owner, inbox, 2_500);
  const answer = await world.store.move(inbox, ALL_UIDS, named('INBOX'));
  expect(answer).toMatchObject({ kind: 'copied' });
  expect(await world.state(inbox)).toMatchObject({ messages: 2_500, uidNext: 5_001 });
  await world.exact(inbox);
});

test('a folder that goes away between two parts of a MOVE keeps nothing from its place', async () => {
  const { inbox } = await makeMailbox(world.db.owner);
  await fill(world.db.owner, inbox, 2_500);
  expect(await world.store.create(inbox, named('gone'))).toBe('created');
  // Behind the first part, before the second: a mailbox's changes take turns.
  const moving = world.store.move(inbox, ALL_UIDS, named('gone'));
  const deleting = world.store.delete(inbox, named('gone'));
  const [answer, deleted] = await Promise.all([moving, deleting]);
  expect(deleted).toBe('deleted');
  expect(answer).toMatchObject({ kind: 'copied', restStayed: true });
  expect((await world.state(inbox)).messages).toBe(1_500);
  await world.exact(inbox);
});

test('EXPUNGE of many goes in parts with a MODSEQ each, and takes all of them', async () => {
  const [inbox] = busy;
  if (!inbox) return expect.fail('no mailbox');
  await world.store.expunge(inbox, ALL_UIDS);
  await fill(world.db.owner, inbox, 2_500, { flags: FLAG.deleted });
  const before = await world.state(inbox);
  const { uids, highestModseq } = await world.store.expunge(inbox, ALL_UIDS);
  expect(uids).toHaveLength(2_500);
  expect(highestModseq).toBe(before.highestModseq + 3);
  expect(await world.state(inbox)).toMatchObject({ messages: 0, highestModseq });
  await world.exact(inbox);
});
