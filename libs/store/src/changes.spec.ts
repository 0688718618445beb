/** One tenant's mailboxes are held by somebody for long: every other tenant's changes go on, and end before those do. */
import { ALL_UIDS, DEFAULT_TENANT, FLAG, ROOT_TENANT, type Account, type FolderRef, type TenantId } from '#domain';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PgDirectoryStore } from './directory/pg-directory.store.ts';
import { folderWorld, message, named, type FolderWorld } from './folder/folder-world.spec-helper.ts';
import { fill } from './folder/mailboxes.spec-helper.ts';
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
