/** Marked in short transactions, swept in bounded ones, restored until then; and nothing is ever left that lies in no mailbox. */
import {
  ALL_UIDS,
  DEFAULT_TENANT,
  FLAG,
  INBOX,
  ROOT_TENANT,
  type DirectoryScope,
  type LeasedDelivery,
  type MailboxId,
} from '#domain';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PgAccountStore } from '../account/pg-account.store.ts';
import { BODY, message, named, range } from '../folder/folder-world.spec-helper.ts';
import { counters, fill, makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { orphans } from '../folder/orphans.spec-helper.ts';
import { PgFolderStore } from '../folder/pg-folder.store.ts';
import { PgMaildropStore } from '../maildrop/pg-maildrop.store.ts';
import { place, queueWorld, type QueueWorld } from '../queue/queue-fixture.spec-helper.ts';
import { PgDirectoryStore } from './pg-directory.store.ts';
import { sweepRemoved } from './removal.spec-helper.ts';

const operator: DirectoryScope = { principal: ROOT_TENANT, tenant: 'default' };
let world: QueueWorld;
let directory: PgDirectoryStore;
let folders: PgFolderStore;
let maildrops: PgMaildropStore;
beforeAll(async () => {
  world = await queueWorld();
  directory = new PgDirectoryStore(world.db.as('posthouse_api'));
  folders = new PgFolderStore(world.db.as('posthouse_imap'));
  maildrops = new PgMaildropStore(world.db.as('posthouse_pop3'));
});
afterEach(async () => {
  await sweepRemoved(world.db.owner);
  expect(await orphans(world.db.owner)).toEqual([]);
});
afterAll(() => world.db.drop());

const count = async (table: string): Promise<number> =>
  (await world.rows<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? 0;

/** A mailbox of the directory's own making, with `messages` in INBOX. */
async function inhabited(domain: string, messages = 3) {
  await directory.addDomain(operator, domain, undefined);
  const { id } = await directory.addMailbox(operator, {
    address: `a@${domain}`,
    passwordHash: 'h',
    quotaOctets: undefined,
    quotaMessages: 1_000,
  });
  const account = { tenantId: DEFAULT_TENANT, mailboxId: id };
  const state = (await folders.status(account, INBOX)) ?? expect.fail('no INBOX');
  await fill(world.db.owner, state, messages);
  return { account, id, inbox: { ...account, folderId: state.folderId } };
}

/** A transaction of somebody else that holds the row of a folder, or another, until it is let go. */
async function holding(text: string, values: unknown[]) {
  const client = new pg.Client({ connectionString: world.db.ownerUrl });
  await client.connect();
  await client.query('begin');
  await client.query(text, values);
  return {
    async letGo(): Promise<void> {
      await client.query('commit');
      await client.end();
    },
  };
}

/** Statements of a role that wait for a lock now. */
async function waiting(atLeast: number): Promise<void> {
  for (;;) {
    const [row] = await world.rows<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if ((row?.n ?? 0) >= atLeast) return;
    await pause(5);
  }
}

describe('a removed mailbox', () => {
  test('has lost its address and its login, keeps all that it had, and gets it back', async () => {
    const { account, id, inbox } = await inhabited('kept.example');
    await directory.setMailbox(operator, 'a@kept.example', { addAddresses: ['b@kept.example'] });
    await directory.addAlias(operator, 'only@kept.example', ['a@kept.example']);
    await directory.addAlias(operator, 'both@kept.example', ['a@kept.example', 'x@far.example']);
    await folders.create(account, named('Work/2026'));
    await folders.subscribe(account, named('Work/2026'));
    await folders.copy(inbox, range(2), named('Work/2026'));
    await folders.store(inbox, range(1), { mode: 'add', flags: FLAG.flagged, keywords: ['$kept'] });
    const accounts = new PgAccountStore(world.db.as('posthouse_imap'));
    const login = { local: 'a', domain: 'kept.example' };
    const question = { login, accountKey: 'k', remoteKey: 'r', network: 'n' };
    const credential = (await accounts.authFacts(question)).credential;
    const before = await directory.showMailbox(operator, 'a@kept.example');
    const list = await folders.list(account);
    const states = await Promise.all([INBOX, named('Work/2026')].map((name) => folders.status(account, name)));
    await directory.removeMailbox(operator, 'a@kept.example');
    await sweepRemoved(world.db.owner, { graceDays: 14 });
    expect((await accounts.authFacts(question)).credential).toBeUndefined();
    expect(await accounts.standings([account])).toEqual([undefined]);
    await expect(directory.showMailbox(operator, 'a@kept.example')).rejects.toThrow('no mailbox');
    await expect(directory.showAlias(operator, 'only@kept.example')).rejects.toThrow('no alias');
    expect(await directory.listRemoved(operator, {})).toMatchObject({
      items: [{ id, name: 'a@kept.example', messages: 4, purging: false }],
    });
    expect(await directory.restoreMailbox(operator, 'A@kept.example')).toEqual(before);
    expect((await accounts.authFacts(question)).credential).toEqual(credential);
    expect(await folders.list(account)).toEqual(list);
    expect(await Promise.all([INBOX, named('Work/2026')].map((name) => folders.status(account, name)))).toEqual(states);
    expect(await directory.showAlias(operator, 'only@kept.example')).toMatchObject({ targets: ['a@kept.example'] });
    expect((await directory.showAlias(operator, 'both@kept.example')).targets.toSorted()).toEqual(
      ['a@kept.example', 'x@far.example'].toSorted(),
    );
    const { kept, counted } = await counters(world.db.owner, account);
    expect(kept).toEqual(counted);
    await directory.removeDomain(operator, 'kept.example', true);
  });

  test('may be followed by another of its name, with another id and a higher UIDVALIDITY in the same second, and is restored when that is gone', async () => {
    const { account, id } = await inhabited('again.example');
    for (let n = 0; n < 20; n++) await folders.create(account, named(`f${n}`));
    const last = (await folders.status(account, named('f19'))) ?? expect.fail('no f19');
    await directory.removeMailbox(operator, 'a@again.example');
    const next = await directory.addMailbox(operator, {
      address: 'a@again.example',
      passwordHash: undefined,
      quotaOctets: undefined,
      quotaMessages: undefined,
    });
    expect(next.id).not.toBe(id);
    const its = (await folders.status({ ...account, mailboxId: next.id }, INBOX)) ?? expect.fail('no INBOX');
    expect(its.uidValidity).toBeGreaterThan(last.uidValidity);
    await expect(directory.restoreMailbox(operator, 'a@again.example')).rejects.toThrow(
      'mailbox a@again.example cannot be restored: its address was given to another mailbox since; remove that first',
    );
    await directory.removeMailbox(operator, 'a@again.example');
    const shown = (await directory.listRemoved(operator, {})).items.map((one) => one.id).toSorted();
    expect(shown).toEqual([id, next.id].toSorted());
    await directory.removeDomain(operator, 'again.example', true);
    await expect(directory.restoreMailbox(operator, 'a@again.example')).rejects.toThrow(
      'tenant default has no domain again.example any more; add it first',
    );
    await directory.addDomain(operator, 'again.example', undefined);
    expect(await directory.restoreMailbox(operator, 'a@again.example')).toMatchObject({ id: next.id });
    await directory.removeDomain(operator, 'again.example', true);
  });

  test('is swept some rows at a time, goes on after a crash, passes by what is held, and is not restored any more', async () => {
    const { account, inbox } = await inhabited('swept.example', 25);
    await directory.removeMailbox(operator, 'a@swept.example');
    const step = () => world.rows<{ purged: number; more: boolean }>('select purged, more from sweep_removed(10, 0)');
    const first = await count('folder_message');
    const taken: number[] = [];
    for (let more = true; more;) {
      const [row] = await step();
      taken.push(row?.purged ?? 0);
      more = row?.more === true;
      if (taken.length === 2) {
        await expect(directory.restoreMailbox(operator, 'a@swept.example')).rejects.toThrow('its time is over');
        // INBOX is not the first folder in the order of ids for certain: all of them are held.
        const holder = await holding('select from folder where mailbox_id = $1 for update', [account.mailboxId]);
        expect(await step()).toEqual([{ purged: 0, more: true }]);
        await holder.letGo();
      }
    }
    expect(Math.max(...taken)).toBe(10);
    expect(taken.reduce((sum, n) => sum + n)).toBe(25);
    expect(first - (await count('folder_message'))).toBe(25);
    expect(await count(`tombstone where folder_id = '${inbox.folderId}'`)).toBe(25);
  });
});

describe('a removed domain', () => {
  test('gives its name away at once, whatever is held in it; its removal is finished by the worker where it was interrupted', async () => {
    const { account } = await inhabited('busy.example');
    const holder = await holding('select from mailbox_usage where mailbox_id = $1 for update', [account.mailboxId]);
    const removal = directory.removeDomain(operator, 'busy.example', true);
    await waiting(1);
    await expect(directory.showDomain(operator, 'busy.example')).rejects.toThrow('no domain busy.example');
    const other = { principal: ROOT_TENANT, tenant: 'elsewhere' };
    await directory.addTenant(operator, 'elsewhere');
    await directory.addDomain(other, 'busy.example', undefined);
    expect(await directory.directoryFacts(ROOT_TENANT, [{ local: 'a', domain: 'busy.example' }])).toMatchObject([
      { rows: [] },
    ]);
    await world.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    await expect(removal).rejects.toThrow();
    await holder.letGo();
    expect(await count(`domain where name like ':%'`)).toBe(1);
    await sweepRemoved(world.db.owner, { graceDays: 14 });
    expect(await count(`domain where name like ':%'`)).toBe(0);
    expect((await directory.listRemoved(operator, {})).items).toMatchObject([{ name: 'a@busy.example' }]);
    await directory.removeDomain(other, 'busy.example', false);
    await directory.removeTenant(operator, 'elsewhere');
  });

  test('of hundreds of mailboxes is marked in many transactions, each of which waits for nobody', async () => {
    await directory.addDomain(operator, 'many.example', undefined);
    const boxes = Array.from({ length: 200 }, (_, n) => ({
      address: `u${n}@many.example`,
      passwordHash: undefined,
      quotaOctets: undefined,
      quotaMessages: undefined,
    }));
    await directory.addMailboxes(operator, boxes, false);
    const [held] = await world.rows<{ id: string }>('select id from mailbox order by id limit 1');
    const holder = await holding('select from mailbox_usage where mailbox_id = $1 for update', [held?.id]);
    const removal = directory.removeDomain(operator, 'many.example', true);
    // All but the one are gone before it is let go.
    await waiting(1);
    expect(await count('mailbox')).toBe(1);
    await holder.letGo();
    await removal;
    expect(await count('mailbox')).toBe(0);
  });
});

test('a removed tenant goes with its mail in bounded steps, the ledger balanced all the while, and its name is free at once', async () => {
  const { id } = await directory.addTenant(operator, 'leaving');
  const tenantId = id;
  for (let n = 0; n < 5; n++) await world.accept([{ forwardPath: `x${n}@gone.example`, tenantId, hold: 'for a test' }]);
  await world.rows("insert into event (tenant_id, message_id, kind) values ($1, gen_random_uuid(), 'refused')", [id]);
  await directory.removeTenant(operator, 'leaving');
  const { id: next } = await directory.addTenant(operator, 'leaving');
  expect(next).not.toBe(id);
  await expect(directory.showTenant(operator, `ten_${id}`)).rejects.toThrow();
  for (let more = true; more;) {
    more = (await world.rows<{ more: boolean }>('select more from sweep_removed(20, 14)'))[0]?.more === true;
    const [sums] = await world.rows<{ recipients: number; deliveries: number }>(
      'select (select coalesce(sum(recipients), 0)::int from message) as recipients, (select count(*)::int from delivery) as deliveries',
    );
    expect(sums?.recipients).toBe(sums?.deliveries);
  }
  for (const table of ['message', 'delivery', 'event', 'tenant'])
    expect(await count(`${table} where ${table === 'tenant' ? 'id' : 'tenant_id'} = '${id}'`), table).toBe(0);
  await directory.removeTenant(operator, 'leaving');
});

/** What writes into a mailbox, and the answer when the mailbox is gone. */
type Written = Awaited<ReturnType<typeof makeMailbox>> & { readonly leased: LeasedDelivery | undefined };
const WRITERS: readonly (readonly [string, (one: Written) => Promise<unknown>, unknown])[] = [
  ['CREATE', ({ account }) => folders.create(account, named('new/below')), 'no-such-mailbox'],
  ['RENAME', ({ account }) => folders.rename(account, named('Sent'), named('Gone/Sent')), 'no-such-folder'],
  ['RENAME of INBOX', ({ account }) => folders.rename(account, INBOX, named('Old')), 'no-such-folder'],
  ['DELETE', ({ account }) => folders.delete(account, named('Sent')), 'no-such-folder'],
  ['SUBSCRIBE', ({ account }) => folders.subscribe(account, named('other')), 'no-such-mailbox'],
  ['APPEND', ({ account }) => folders.append(account, INBOX, message()), { kind: 'no-such-folder' }],
  ['APPEND in chunks', async ({ account }) => {
    const id = await folders.beginLarge(account, '192.0.2.1');
    await folders.appendChunk(account, id, 0, BODY);
    return folders.commitLarge(account, INBOX, id, message());
  }, { kind: 'no-such-folder' }],
  ['COPY', ({ inbox }) => folders.copy(inbox, ALL_UIDS, named('Sent')), { kind: 'no-such-folder' }],
  ['MOVE', ({ inbox }) => folders.move(inbox, ALL_UIDS, named('Sent')), { kind: 'no-such-folder' }],
  ['STORE', ({ inbox }) => folders.store(inbox, ALL_UIDS, { mode: 'add', flags: 1, keywords: [] }), { kind: 'no-such-folder' }],
  ['EXPUNGE', ({ inbox }) => folders.expunge(inbox, ALL_UIDS), { uids: new Uint32Array(0), highestModseq: 0 }],
  ['POP3 QUIT', async ({ account, inbox }) => maildrops.expunge(account, inbox.folderId, account.mailboxId, [1]), 'lease-lost'],
  ['delivery', async ({ leased }) => world.queue.place(place(leased ? [leased] : [])), ['held']],
]; // prettier-ignore

describe.each(WRITERS)('%s', (name, write, refused) => {
  async function made(): Promise<Written & { id: MailboxId }> {
    const mailbox = await makeMailbox(world.db.owner);
    await fill(world.db.owner, mailbox.inbox, 2, { flags: FLAG.deleted });
    const { tenantId, mailboxId } = mailbox.account;
    await world.rows(
      `insert into maildrop_lock (tenant_id, mailbox_id, session_id, lease_until) values ($1, $2, $2, now() + interval '1 minute')`,
      [tenantId, mailboxId],
    );
    if (name !== 'delivery') return { ...mailbox, leased: undefined, id: mailboxId };
    await world.accept([{ forwardPath: `a@${mailbox.domain}`, mailboxId, domainId: mailbox.domainId as never }]);
    const { deliveries } = await world.claim();
    return { ...mailbox, leased: deliveries[0], id: mailboxId };
  }

  test('after the mark of a removal writes nothing and says so', async () => {
    const mailbox = await made();
    await directory.removeMailbox(operator, `a@${mailbox.domain}`);
    expect(await write(mailbox)).toEqual(refused);
    await world.rows('delete from delivery');
    await world.rows('delete from message');
  });

  test('that waited while its mailbox was removed leaves nothing behind', async () => {
    const mailbox = await made();
    // Both wait here; whichever goes first, the other finds the truth.
    const holder = await holding('select from folder where mailbox_id = $1 order by id for update', [mailbox.id]);
    const usage = await holding('select from mailbox_usage where mailbox_id = $1 for update', [mailbox.id]);
    const removal = directory.removeMailbox(operator, `a@${mailbox.domain}`);
    const writing = write(mailbox);
    await waiting(1);
    await usage.letGo();
    await holder.letGo();
    await Promise.all([removal, writing]);
    await sweepRemoved(world.db.owner);
    expect(await orphans(world.db.owner)).toEqual([]);
    expect(await count(`folder where mailbox_id = '${mailbox.id}'`)).toBe(0);
    await world.rows('delete from delivery');
    await world.rows('delete from message');
  });
});
