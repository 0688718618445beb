/** Whose maildrop it is when processes die, lose their sessions, or only stand still. */
import { randomUUID } from 'node:crypto';
import type { Account } from '#domain';
import { Config, House, silentLog } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import { fill, makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { PgMaildropStore } from './pg-maildrop.store.ts';

let db: FreshDatabase;
let mailbox: Awaited<ReturnType<typeof makeMailbox>>;
let account: Account;
let first: Process;
let second: Process;

/** What a process has of the maildrops. */
interface Process {
  readonly store: PgMaildropStore;
  readonly database: Database;
}

function start(identity?: string): Process {
  const database = db.as('posthouse_pop3');
  const house = new House(Config.fromEnv({}), db.ownerUrl, silentLog(), identity);
  return { store: new PgMaildropStore(database, house), database };
}

const open = async ({ store }: Process, of = account, session = randomUUID()) =>
  (await store.open(of, session, 60)).kind;

/** Its sessions end; nothing is given back. */
const kill = ({ database }: Process) => database.close();

const set = (assignment: string, values: unknown[] = []) =>
  db.owner.query(`update maildrop_lock set ${assignment} where mailbox_id = '${account.mailboxId}'`, values);

const row = async () =>
  (
    await db.owner.query<{ session_id: string; incarnation: number; proved: boolean }>(
      `select session_id, incarnation::float8 as incarnation, coalesce(proved_on = pg_postmaster_start_time(), false) as proved
         from maildrop_lock where mailbox_id = $1`,
      [account.mailboxId],
    )
  ).rows[0];

/** Ends the session that proves the process of this number, as an administrator or a network may. */
const endProof = (incarnation: number | undefined) =>
  db.owner.query(
    `select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) + objid::bigint = $1::bigint`,
    [incarnation],
  );

const isProved = async (incarnation: number | undefined) =>
  (await db.owner.query('select pg_try_advisory_xact_lock_shared($1::bigint) as free', [incarnation])).rows[0]?.free ===
  false;

beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  mailbox = await makeMailbox(db.owner);
  account = mailbox.account;
  [first, second] = [start(), start()];
});

test('what a dead process held is free; what a living one holds is not', async () => {
  expect(await open(first)).toBe('open');
  expect((await row())?.proved).toBe(true);
  expect(await open(second)).toBe('in-use');
  await kill(first);
  expect(await open(second)).toBe('open');
  expect(await open(start())).toBe('in-use');
});

test('everybody behind a dead process gets his own maildrop, and of many who want one exactly one', async () => {
  const boxes = await Promise.all(Array.from({ length: 8 }, () => makeMailbox(db.owner)));
  for (const box of boxes) expect(await open(first, box.account)).toBe('open');
  await kill(first);
  const [one] = boxes;
  const third = start();
  const openings = await Promise.all([
    ...boxes.slice(1).map((box, at) => open(at % 2 ? second : third, box.account)),
    ...Array.from({ length: 6 }, (_, at) => open(at % 2 ? second : third, one?.account)),
  ]);
  expect(openings.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => 'open'));
  expect(openings.slice(7).filter((kind) => kind === 'open')).toHaveLength(1);
});

test('a process whose session is ended gets it back under the same number, and keeps what it has', async () => {
  expect(await open(first)).toBe('open');
  const before = await row();
  await set('proved_on = null');
  await endProof(before?.incarnation);
  // Leases that were stamped meanwhile learn of the new session.
  await expect.poll(async () => (await row())?.proved, { timeout: 30_000 }).toBe(true);
  expect(await isProved(before?.incarnation)).toBe(true);
  expect(await row()).toEqual(before);
  expect(await open(second)).toBe('in-use');
});

test('one look is not enough: a process may be about to get its session back', async () => {
  expect(await open(first)).toBe('open');
  await kill(first);
  const back = await db.owner.connect();
  const wanting = open(second);
  await back.query('select pg_advisory_lock($1::bigint)', [(await row())?.incarnation]);
  expect(await wanting).toBe('in-use');
  back.release(true);
});

test.each([
  ['seen on an earlier start of the server', `proved_on = pg_postmaster_start_time() - interval '1 day'`],
  ['seen on another server', `proved_on = pg_postmaster_start_time() + interval '1 day'`],
  ['never seen', 'proved_on = null'],
  ['of a version that had none', 'incarnation = null, proved_on = null'],
])('a session that was %s says nothing: the lease decides', async (_, assignment) => {
  const session = randomUUID();
  expect(await open(first, account, session)).toBe('open');
  await kill(first);
  await set(assignment);
  expect(await open(second)).toBe('in-use');
  await set(`lease_until = now() - interval '1 second'`);
  expect(await open(second)).toBe('open');
});

test('a frozen process keeps its maildrop until the lease ends', async () => {
  // Its session stands, and nothing renews the lease.
  expect(await open(first)).toBe('open');
  expect(await open(second)).toBe('in-use');
  await set(`lease_until = now() - interval '1 second'`);
  expect(await open(second)).toBe('open');
});

test('a house knows its former self at once, whatever the server knows, and no other house', async () => {
  const [identity, other] = [randomUUID(), randomUUID()];
  expect(await open(start(identity))).toBe('open');
  await set('proved_on = null');
  expect(await open(start(other))).toBe('in-use');
  expect(await open(second)).toBe('in-use');
  const now = start(identity);
  expect(await open(now)).toBe('open');
  // Another session of the same process is no former self.
  expect(await open(now)).toBe('in-use');
});

test('the one that was taken from deletes nothing any more', async () => {
  await fill(db.owner, mailbox.inbox, 2);
  const { folderId } = mailbox.inbox;
  const [old, young] = [randomUUID(), randomUUID()];
  expect(await open(first, account, old)).toBe('open');
  await set(`lease_until = now() - interval '1 second'`);
  expect(await open(second, account, young)).toBe('open');
  expect(await first.store.renew(account, old, 60)).toBe(false);
  expect(await first.store.expunge(account, folderId, old, [1])).toBe('lease-lost');
  await first.store.release(account, old);
  expect((await row())?.session_id).toBe(young);
});

test('giving back and renewing wait for nobody, not for a removal either', async () => {
  const session = randomUUID();
  expect(await open(first, account, session)).toBe('open');
  const removal = await db.owner.connect();
  await removal.query('begin');
  await removal.query('delete from maildrop_lock where mailbox_id = $1', [account.mailboxId]);
  // Were one of them to wait, the test would not end.
  expect(await first.store.renew(account, session, 60)).toBe(true);
  await first.store.release(account, session);
  expect(await open(second)).toBe('in-use');
  await removal.query('commit');
  removal.release();
  expect(await open(second)).toBe('open');
});
