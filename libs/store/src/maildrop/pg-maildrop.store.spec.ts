import { randomUUID } from 'node:crypto';
import { CHUNK_OCTETS, showId, SMALL_BODY, type Account, type MaildropListing } from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counters, fill, makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { PgMaildropStore } from './pg-maildrop.store.ts';
import { PLAN_MODES, readCost } from '../folder/read-cost.spec-helper.ts';
import { listing } from './statements.ts';

let db: FreshDatabase;
let store: PgMaildropStore;
beforeAll(async () => {
  db = await freshDatabase();
  store = new PgMaildropStore(db.as('posthouse_pop3'));
});
afterAll(() => db.drop());

async function open(account: Account, session: string): Promise<MaildropListing> {
  const opening = await store.open(account, session, 60);
  if (opening.kind !== 'open') throw new Error('in use');
  return opening.listing;
}

const expire = (account: Account) =>
  db.owner.query(`update maildrop_lock set lease_until = now() - interval '1 second' where mailbox_id = $1`, [
    account.mailboxId,
  ]);

test('of many sessions that open a maildrop at once exactly one gets it', async () => {
  const { account } = await makeMailbox(db.owner);
  const other = new PgMaildropStore(db.as('posthouse_pop3'));
  const openings = await Promise.all(
    Array.from({ length: 40 }, (_, at) => (at % 2 ? store : other).open(account, randomUUID(), 60)),
  );
  expect(openings.filter(({ kind }) => kind === 'open')).toHaveLength(1);
});

test('a released maildrop opens again; releasing somebody else’s does nothing', async () => {
  const { account } = await makeMailbox(db.owner);
  const [mine, theirs] = [randomUUID(), randomUUID()];
  await open(account, mine);
  await store.release(account, theirs);
  expect(await store.open(account, theirs, 60)).toEqual({ kind: 'in-use' });
  await store.release(account, mine);
  expect(await store.open(account, theirs, 60)).toMatchObject({ kind: 'open' });
});

test('an expired lease is stolen; the first session then renews and deletes nothing', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 3);
  const [first, second] = [randomUUID(), randomUUID()];
  const { folderId } = await open(account, first);
  await expire(account);
  expect(await store.renew(account, first, 60)).toBe(true); // nobody took it meanwhile
  await expire(account);
  expect((await open(account, second)).uids).toEqual(Uint32Array.of(1, 2, 3));
  expect(await store.renew(account, first, 60)).toBe(false);
  expect(await store.expunge(account, folderId, first, [1, 2])).toBe('lease-lost');
  expect(await store.expunge(account, folderId, second, [3])).toBe('expunged');
  await store.release(account, first);
  expect(await store.open(account, first, 60)).toEqual({ kind: 'in-use' });
});

test('while deletions of its holder are under way a maildrop is in use and its lease stands; nobody waits for them', async () => {
  const { account } = await makeMailbox(db.owner);
  const holder = randomUUID();
  await open(account, holder);
  const deleting = await db.owner.connect();
  await deleting.query('begin');
  await deleting.query('select from maildrop_lock where mailbox_id = $1 for update', [account.mailboxId]);
  // Were one of them to wait, the test would not end: the lock is let go behind them.
  expect(await store.open(account, randomUUID(), 60)).toEqual({ kind: 'in-use' });
  expect(await store.renew(account, holder, 60)).toBe(true);
  expect(await store.renew(account, randomUUID(), 60)).toBe(false);
  await deleting.query('rollback');
  deleting.release();
  await db.owner.query(`update maildrop_lock set lease_until = now() - interval '1 second'`);
  await open(account, randomUUID());
});

test('a mailbox without INBOX is a fault, and leaves no lease behind', async () => {
  const { account } = await makeMailbox(db.owner);
  await db.owner.query('delete from folder where mailbox_id = $1', [account.mailboxId]);
  await expect(store.open(account, randomUUID(), 60)).rejects.toThrow('has no INBOX');
  const { rowCount } = await db.owner.query('select from maildrop_lock where mailbox_id = $1', [account.mailboxId]);
  expect(rowCount).toBe(0);
});

test.for([999, 1_000, 1_001, 6_000, 6_001])('a maildrop of %i messages is listed in pages', async (count) => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, count);
  await db.owner.query(
    `update folder_message set octets = uid, uidl = case when uid % 500 = 7 then 'old' || uid end, copy_number = case when uid % 500 = 9 then uid end
      where tenant_id = $1 and folder_id = $2`,
    [account.tenantId, inbox.folderId],
  );
  await db.owner.query('delete from folder_message where tenant_id = $1 and folder_id = $2 and uid = 3', [account.tenantId, inbox.folderId]); // prettier-ignore
  const listing = await open(account, randomUUID());
  const uids = Array.from({ length: count }, (_, at) => at + 1).filter((uid) => uid !== 3);
  expect([...listing.uids]).toEqual(uids);
  expect(listing.octets).toEqual(listing.uids);
  for (const [at, uid] of uids.entries()) {
    const uidl = listing.uidls.of(at + 1);
    if (uid % 500 === 7) expect(uidl).toBe(`old${uid}`);
    else if (uid % 500 === 9) expect(uidl).toMatch(new RegExp(`^msg_.*\\.0*${uid.toString(16)}$`));
    else expect(uidl).toMatch(/^msg_[^.]*$/);
  }
});

test('nothing is kept of a login whose client is gone before the listing is there', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 1_500);
  await expect(store.open(account, randomUUID(), 60, AbortSignal.abort(new Error('hung up')))).rejects.toThrow(
    'hung up',
  );
  expect((await open(account, randomUUID())).uids).toHaveLength(1_500);
});

test('a page of the listing costs the same in a maildrop of any size', async () => {
  const boxes = [await makeMailbox(db.owner), await makeMailbox(db.owner)];
  for (const [at, { inbox }] of boxes.entries()) await fill(db.owner, inbox, at === 0 ? 2_000 : 30_000);
  const sessions = boxes.map(() => randomUUID());
  for (const [at, { account }] of boxes.entries()) await open(account, sessions[at] ?? '');
  const client = await db.owner.connect();
  try {
    for (const mode of PLAN_MODES) {
      const costs: number[] = [];
      for (const [at, { account }] of boxes.entries()) {
        const session = sessions[at] ?? '';
        const values = [account.tenantId, account.mailboxId, 'INBOX', session, 500, 500];
        const { pages, plan } = await readCost(client, { statement: listing(1_000), values }, mode);
        costs.push(pages);
        expect(plan).not.toMatch(/external/);
      }
      expect(costs[1]).toBeLessThan(2 * (costs[0] ?? 0) + 50);
    }
  } finally {
    client.release();
  }
});

test('the listing has sizes with the trace fields and imported unique-ids by number', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  const trace = Buffer.from('Return-Path: <s@example.org>\r\n');
  const body = Buffer.from('A: b\r\n\r\nx\r\n');
  const id = await fill(db.owner, inbox, 2, { body, trace });
  await fill(db.owner, inbox, 1, { body, trace, uidl: 'old-server-17' });
  await db.owner.query('delete from folder_message where folder_id = $1 and uid = 1', [inbox.folderId]);
  const listing = await open(account, randomUUID());
  expect(listing.uids).toEqual(Uint32Array.of(2, 3));
  expect(listing.octets).toEqual(Uint32Array.of(body.length + trace.length, body.length + trace.length));
  expect([1, 2].map((number) => listing.uidls.of(number))).toEqual([
    `${showId('msg', id)}.0000000000000001`,
    'old-server-17',
  ]);
});

test('an empty maildrop', async () => {
  const { account } = await makeMailbox(db.owner);
  const { uids, octets } = await open(account, randomUUID());
  expect([uids.length, octets.length]).toEqual([0, 0]);
});

test('reads a batch byte-identical, leaves out what is gone, and marks what must be streamed', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  const octets = Buffer.concat([Buffer.from('A: b\r\n\r\n'), Buffer.from(Array.from({ length: 256 }, (_, at) => at))]);
  const small = await fill(db.owner, inbox, 2, { body: octets });
  const limit = Buffer.alloc(SMALL_BODY, 'y');
  await fill(db.owner, inbox, 1, { body: limit });
  const large = await fill(db.owner, inbox, 1, { body: Buffer.alloc(10) });
  await db.owner.query('update message set octets = $2, body = null where id = $1', [large, SMALL_BODY + 1]);
  const rows = await store.read(account, inbox.folderId, [4, 3, 1, 77]);
  expect(rows.map(({ uid, bodyOctets }) => [uid, bodyOctets])).toEqual([
    [1, octets.length],
    [3, SMALL_BODY],
    [4, SMALL_BODY + 1],
  ]);
  expect(rows[0]).toMatchObject({ messageId: small, trace: Buffer.from('Return-Path: <>\r\n') });
  expect(rows[0]?.body?.equals(octets)).toBe(true);
  expect(rows[1]?.body?.equals(limit)).toBe(true);
  expect(rows[2]?.body).toBeUndefined();
});

async function chunked(octets: Buffer): Promise<Awaited<ReturnType<typeof fill>>> {
  const { inbox } = await makeMailbox(db.owner);
  const id = await fill(db.owner, inbox, 1);
  await db.owner.query('update message set octets = $2, body = null where id = $1', [id, octets.length]);
  for (let number = 0; number * CHUNK_OCTETS < octets.length; number++) {
    await db.owner.query('insert into message_chunk values ($1, $2, $3, $4)', [
      inbox.tenantId,
      id,
      number,
      octets.subarray(number * CHUNK_OCTETS, (number + 1) * CHUNK_OCTETS),
    ]);
  }
  return id;
}

const collect = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
  const found: Buffer[] = [];
  for await (const piece of pieces) found.push(piece);
  return Buffer.concat(found);
};

test('streams any range of a large body', async () => {
  const { account } = await makeMailbox(db.owner);
  const octets = Buffer.alloc(3 * CHUNK_OCTETS + 1000);
  for (let at = 0; at < octets.length; at += 4) octets.writeUInt32BE(at, at);
  const id = await chunked(octets);
  const ranges = [
    [0, octets.length],
    [0, 0],
    [5, 5],
    [0, 1],
    [CHUNK_OCTETS - 1, CHUNK_OCTETS + 1],
    [CHUNK_OCTETS, 2 * CHUNK_OCTETS],
    [octets.length - 1, octets.length],
    [10, 3 * CHUNK_OCTETS + 3],
  ] as const;
  for (const [start, end] of ranges) {
    const read = await collect(store.stream(account, id, start, end));
    expect(read.equals(octets.subarray(start, end)), `${start}-${end}`).toBe(true);
  }
});

test('a gap or a missing end of a large body is a fault, never a short message', async () => {
  const { account } = await makeMailbox(db.owner);
  const octets = Buffer.alloc(2 * CHUNK_OCTETS, 'z');
  const id = await chunked(octets);
  await expect(collect(store.stream(account, id, 0, octets.length + 1))).rejects.toThrow('chunk 2');
  await db.owner.query('delete from message_chunk where message_id = $1 and number = 1', [id]);
  await expect(collect(store.stream(account, id, 0, octets.length))).rejects.toThrow('chunk 1');
});

test('expunge takes rows, counters, tombstones and events together, and leaves the rest', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 5);
  await fill(db.owner, inbox, 2, { flags: 1 });
  const session = randomUUID();
  const { folderId } = await open(account, session);
  expect(await store.expunge(account, folderId, session, [2, 3, 7, 99])).toBe('expunged');
  expect(await store.expunge(account, folderId, session, [2, 3, 7])).toBe('expunged'); // gone already: no error, no change
  const { kept, counted } = await counters(db.owner, account);
  expect(kept).toEqual(counted);
  const { rows: tombstones } = await db.owner.query(
    'select uid, modseq from tombstone where folder_id = $1 order by uid',
    [folderId],
  );
  expect(tombstones).toEqual([2, 3, 7].map((uid) => ({ uid: String(uid), modseq: '4' })));
  const { rows: folder } = await db.owner.query('select highestmodseq, messages, unseen from folder where id = $1', [
    folderId,
  ]);
  expect(folder).toEqual([{ highestmodseq: '4', messages: '4', unseen: '3' }]);
  const { rows: events } = await db.owner.query(
    `select detail from event e join tombstone t using (tenant_id, message_id) where t.folder_id = $1 and kind = 'expunged' and uid = 7`,
    [folderId],
  );
  expect(events).toContainEqual({ detail: 'INBOX, UID 7, by POP3' });
});

test('an expunge that fails half way leaves everything as it was', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 4);
  const session = randomUUID();
  const { folderId } = await open(account, session);
  // The usage row cannot go below zero: the last part of the statement fails.
  await db.owner.query('update mailbox_usage set messages = 1 where mailbox_id = $1', [account.mailboxId]);
  await expect(store.expunge(account, folderId, session, [1, 2])).rejects.toThrow('mailbox_usage_messages_check');
  const { rows } = await db.owner.query(
    `select (select count(*) from folder_message where folder_id = $1) as rows, (select count(*) from tombstone where folder_id = $1) as tombs`,
    [folderId],
  );
  expect(rows).toEqual([{ rows: '4', tombs: '0' }]);
});

test('deliveries while a session deletes: counters stay exact, and nothing deadlocks', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 40);
  const session = randomUUID();
  const { folderId } = await open(account, session);
  const deletions = Array.from({ length: 20 }, (_, at) => store.expunge(account, folderId, session, [at * 2 + 1]));
  const deliveries = Array.from({ length: 10 }, () => fill(db.owner, inbox, 2));
  expect(new Set(await Promise.all(deletions))).toEqual(new Set(['expunged']));
  await Promise.all(deliveries);
  const { kept, counted } = await counters(db.owner, account);
  expect(kept).toEqual(counted);
});
