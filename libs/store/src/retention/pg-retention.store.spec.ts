import { DEFAULT_TENANT, ROOT_TENANT, type FolderName, type MessageId, type Swept } from '#domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PgDirectoryStore } from '../directory/pg-directory.store.ts';
import { fill, makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { PgFolderStore } from '../folder/pg-folder.store.ts';
import { queueWorld, type QueueWorld } from '../queue/queue-fixture.spec-helper.ts';
import { PgRetentionStore } from './pg-retention.store.ts';

const KEEP = { expungedDays: 7, traceDays: 90, removedDays: 14 };
const NOTHING: Swept = { purged: 0, reclaimed: 0, forgotten: 0, tombstones: 0, refusals: 0, failures: 0 };

let world: QueueWorld;
let retention: PgRetentionStore;
let directory: PgDirectoryStore;
beforeAll(async () => {
  world = await queueWorld();
  retention = new PgRetentionStore(world.db.as('posthouse_worker'), { rest: 0 });
  directory = new PgDirectoryStore(world.db.as('posthouse_api'));
});
afterEach(async () => {
  await world.clear();
  await world.rows('truncate tombstone, auth_failure');
  await world.rows('update retention_walk set last_tenant = default, last_message = default, rest_until = default');
});
afterAll(() => world.db.drop());

const sweep = () => retention.sweep(KEEP);
/** The grace of what was removed is over. */
const purge = async () => {
  while ((await retention.sweep({ ...KEEP, removedDays: 0 })).more);
};
const state = async (id: MessageId) =>
  (
    await world.rows<{ state: string; body: boolean }>(
      'select state, body is not null as body from message where id = $1',
      [id],
    )
  )[0];
const age = (days: number) => world.rows('update message set received_at = now() - make_interval(days => $1)', [days]);
const ageTombstones = (days: number) =>
  world.rows('update tombstone set gone_at = now() - make_interval(days => $1)', [days]);

/** A mail in INBOX, and its expunge as a session would do it. */
async function delivered() {
  const { account, inbox, domain } = await makeMailbox(world.db.owner);
  const id = await fill(world.db.owner, inbox, 1);
  const folders = new PgFolderStore(world.db.as('posthouse_imap'));
  const expunge = async (): Promise<void> => {
    await world.rows('update folder_message set flags = flags | 8 where message_id = $1', [id]);
    await folders.expunge(inbox, [{ first: 1, last: 1 }]);
  };
  return { id, account, inbox, folders, domain, expunge };
}

const operator = { principal: ROOT_TENANT, tenant: 'default' };

/** What takes a mail away together with what it lay in. */
const REMOVALS: readonly (readonly [string, (mail: Awaited<ReturnType<typeof delivered>>) => Promise<unknown>])[] = [
  ['its mailbox', ({ domain }) => directory.removeMailbox(operator, `a@${domain}`)],
  ['its domain', ({ domain }) => directory.removeDomain(operator, domain, true)],
  ['its folder', async ({ account, inbox, folders }) => {
    await folders.move(inbox, [{ first: 1, last: 1 }], 'Archive' as FolderName);
    await ageTombstones(30);
    await folders.delete(account, 'Archive' as FolderName);
  }], // prettier-ignore
];

describe('a body', () => {
  test('stays while a copy is in a folder, and for its days after the last copy is gone; then it goes and the timeline stays', async () => {
    const { id, expunge } = await delivered();
    await age(30);
    expect(await sweep()).toEqual({ ...NOTHING, more: false });
    await expunge();
    expect(await sweep()).toEqual({ ...NOTHING, more: false });
    await ageTombstones(8);
    expect(await sweep()).toEqual({ ...NOTHING, reclaimed: 1, tombstones: 1, more: false });
    expect(await state(id)).toEqual({ state: 'reclaimed', body: false });
    expect(await sweep()).toEqual({ ...NOTHING, more: false });
    await age(91);
    expect(await sweep()).toEqual({ ...NOTHING, forgotten: 1, more: false });
    expect(await state(id)).toBeUndefined();
  });

  test.each(REMOVALS)('stays for its days after %s was removed', async (_what, remove) => {
    const mail = await delivered();
    await age(30);
    await remove(mail);
    await purge();
    expect(await world.rows('select 1 from folder_message')).toEqual([]);
    expect(await sweep()).toMatchObject({ reclaimed: 0 });
    expect(await state(mail.id)).toEqual({ state: 'accepted', body: true });
    await ageTombstones(8);
    expect(await sweep()).toMatchObject({ reclaimed: 1 });
    expect(await state(mail.id)).toEqual({ state: 'reclaimed', body: false });
  });

  test('that was expunged a while before its mailbox was removed keeps the rest of its days', async () => {
    const { id, domain, expunge } = await delivered();
    await age(30);
    await expunge();
    await ageTombstones(6);
    await directory.removeMailbox(operator, `a@${domain}`);
    await purge();
    expect(await sweep()).toEqual({ ...NOTHING, more: false });
    await ageTombstones(8);
    expect(await sweep()).toEqual({ ...NOTHING, reclaimed: 1, tombstones: 1, more: false });
    expect(await state(id)).toEqual({ state: 'reclaimed', body: false });
  });

  test.for(['queued', 'held'])('stays while a delivery of it is %s', async (waiting) => {
    const id = await world.accept([
      { forwardPath: 'x@far.example', ...(waiting === 'held' && { hold: 'for a test' }) },
    ]);
    expect(await world.rows('select state from delivery')).toEqual([{ state: waiting }]);
    await age(1_000);
    expect(await sweep()).toEqual({ ...NOTHING, more: false });
    expect(await state(id)).toEqual({ state: 'accepted', body: true });
  });

  test('of chunks goes with its chunks; a pending one is not ours to judge', async () => {
    const large = await world.accept([{ forwardPath: 'x@far.example' }]);
    await world.rows(`insert into message_chunk (tenant_id, message_id, number, octets) values ($1, $2, 0, 'x')`, [
      DEFAULT_TENANT,
      large,
    ]);
    await world.rows(`update delivery set came_from = state, state = 'discarded', settled_at = now()`);
    await age(30);
    expect(await sweep()).toMatchObject({ reclaimed: 1 });
    expect(await world.rows('select 1 from message_chunk')).toEqual([]);
    await world.rows(`update message set state = 'pending'`);
    await age(1_000);
    expect(await sweep()).toMatchObject({ reclaimed: 0, forgotten: 0 });
  });

  test('goes no sooner than an hour after the expunge, whatever is set', async () => {
    const { id, expunge } = await delivered();
    await age(30);
    await expunge();
    expect(await retention.sweep({ ...KEEP, expungedDays: 0 })).toEqual({ ...NOTHING, more: false });
    expect(await state(id)).toEqual({ state: 'accepted', body: true });
  });
});

test('what is forgotten takes its deliveries and events along, and the others keep theirs', async () => {
  const [old, young] = [
    await world.accept([{ forwardPath: 'x@far.example' }]),
    await world.accept([{ forwardPath: 'y@far.example' }]),
  ];
  await world.rows(`update delivery set came_from = state, state = 'discarded', settled_at = now()`);
  await world.rows(`update message set received_at = now() - interval '91 days' where id = $1`, [old]);
  expect(await sweep()).toMatchObject({ forgotten: 1 });
  for (const table of ['delivery', 'event'])
    expect(await world.rows(`select distinct message_id from ${table}`)).toEqual([{ message_id: young }]);
});

test('the walk goes on where it ended, rests at its end, and two workers never walk at once', async () => {
  for (let n = 0; n < 5; n++) await world.accept([{ forwardPath: 'x@far.example' }]);
  await world.rows(`update delivery set came_from = state, state = 'discarded', settled_at = now()`);
  await age(30);
  const small = new PgRetentionStore(world.db.as('posthouse_worker'), { messages: 2, rest: 3_600 });
  const another = new PgRetentionStore(world.db.as('posthouse_worker'), { messages: 2, rest: 3_600 });
  const swept: number[] = [];
  for (let more = true; more;) {
    const both = await Promise.all([small.sweep(KEEP), another.sweep(KEEP)]);
    swept.push(...both.map(({ reclaimed }) => reclaimed));
    more = both.some((one) => one.more);
  }
  expect(swept.reduce((sum, count) => sum + count)).toBe(5);
  expect(Math.max(...swept)).toBe(2);
  await age(91);
  expect(await small.sweep(KEEP)).toEqual({ ...NOTHING, more: false }); // it rests
  await world.rows(`update retention_walk set rest_until = now() - interval '1 second'`);
  expect(await small.sweep(KEEP)).toEqual({ ...NOTHING, forgotten: 2, more: true });
});

test('refusals and windows of failed logins go by age, a bounded number at a time', async () => {
  const few = new PgRetentionStore(world.db.as('posthouse_worker'), { aged: 2, rest: 0 });
  await world.rows(
    `insert into event (tenant_id, message_id, kind, at)
     select $1, gen_random_uuid(), 'refused', now() - make_interval(days => d) from unnest(array[91, 92, 93, 1]) d`,
    [DEFAULT_TENANT],
  );
  await world.rows(
    `insert into auth_failure (key, failures, window_until) values ('old', 1, now() - interval '2 hours'), ('new', 1, now())`,
  );
  expect(await few.sweep(KEEP)).toEqual({ ...NOTHING, refusals: 2, failures: 1, more: true });
  expect(await few.sweep(KEEP)).toEqual({ ...NOTHING, refusals: 1, more: false });
  expect(await world.rows('select key from auth_failure')).toEqual([{ key: 'new' }]);
  expect(await world.rows('select kind from event')).toEqual([{ kind: 'refused' }]);
});
