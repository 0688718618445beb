import { ALL_UIDS, FLAG, INBOX, READ_BATCH_OCTETS, syncPointOf, uidRanges } from '#domain';
import type { FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderWorld, MOST, named, NOTHING_KNOWN, range, type FolderWorld } from './folder-world.spec-helper.ts';
import { fill, makeMailbox } from './mailboxes.spec-helper.ts';
import type { PgFolderStore } from './pg-folder.store.ts';

let db: FreshDatabase;
let store: PgFolderStore;
let other: PgFolderStore;
let state: FolderWorld['state'];
let exact: FolderWorld['exact'];
beforeAll(async () => {
  ({ db, store, other, state, exact } = await folderWorld());
});
afterAll(() => db.drop());

describe('folders as they are listed and selected', () => {
  test('a new mailbox has the default folders, all subscribed', async () => {
    const { account } = await makeMailbox(db.owner);
    await store.create(account, named('Work/Clients'));
    const { folders, subscriptions } = await store.list(account);
    expect(folders.map(({ name, specialUse, hasChildren }) => [name, specialUse, hasChildren])).toEqual([
      ['Archive', '\\Archive', false],
      ['Drafts', '\\Drafts', false],
      ['INBOX', undefined, false],
      ['Junk', '\\Junk', false],
      ['Sent', '\\Sent', false],
      ['Trash', '\\Trash', false],
      ['Work', undefined, true],
      ['Work/Clients', undefined, false],
    ]);
    expect(subscriptions).toEqual(['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
  });

  test('\\Recent does not wait for what holds the folder: it is left to a later session', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 2);
    const holder = await db.owner.connect();
    await holder.query('begin');
    await holder.query('select from folder where id = $1 for update', [inbox.folderId]);
    expect(await store.select(account, INBOX, true)).toMatchObject({ uidNext: 3, recent: 0 });
    await holder.query('rollback');
    holder.release();
    expect(await store.select(account, INBOX, true)).toMatchObject({ uidNext: 3, recent: 2 });
  });

  test('\\Recent goes to the first session that selects read-write, and to that one alone', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 3);
    expect(await store.select(account, INBOX, false)).toMatchObject({ recentFrom: 1, recent: 3, messages: 3 }); // EXAMINE
    const both = await Promise.all([store.select(account, INBOX, true), other.select(account, INBOX, true)]);
    expect(both.map((one) => one?.recent ?? -1).sort((a, b) => a - b)).toEqual([0, 3]);
    await fill(db.owner, inbox, 2);
    expect(await state(account)).toMatchObject({ recentFrom: 4, recent: 2 });
    const takers = await Promise.all([store.takeRecent(inbox, 6), other.takeRecent(inbox, 6)]);
    expect(takers.sort((a, b) => a - b)).toEqual([4, 6]);
    expect(await state(account)).toMatchObject({ recentFrom: 6, recent: 0 });
  });

  test('another mailbox’s folder id opens nothing', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    const stranger = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 2);
    const forged = { ...stranger.account, folderId: inbox.folderId };
    expect(await store.changes(forged, NOTHING_KNOWN, MOST)).toBeUndefined();
    expect((await store.flags(forged, ALL_UIDS)).uids).toHaveLength(0);
    expect((await store.messages(forged, ALL_UIDS, { body: true })).rows).toEqual([]);
    expect(await store.store(forged, ALL_UIDS, { mode: 'add', flags: FLAG.deleted, keywords: [] })).toEqual({
      kind: 'no-such-folder',
    });
    expect((await store.expunge(forged, ALL_UIDS)).uids).toHaveLength(0);
    expect(await store.copy(forged, ALL_UIDS, INBOX)).toEqual({ kind: 'no-such-folder' });
    expect(await state(account)).toMatchObject({ messages: 2 });
  });
});

describe('reading', () => {
  test('only what is asked for, in UID order', async () => {
    const { inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 3, { flags: FLAG.seen });
    const plain = await store.messages(inbox, range(2, 3), {});
    expect(plain.complete).toBe(true);
    expect(
      plain.rows.map(({ uid, flags, header, body, envelope, trace }) => [uid, flags, header, body, envelope, trace]),
    ).toEqual([
      [2, 1, undefined, undefined, undefined, undefined],
      [3, 1, undefined, undefined, undefined, undefined],
    ]);
    const wants = {
      internalDate: true,
      envelope: true,
      bodyStructure: true,
      mimeIndex: true,
      trace: true,
      header: true,
      body: true,
    };
    const { rows } = await store.messages(inbox, [{ first: 1, last: 1 }, { first: 3, last: 9 }], wants); // prettier-ignore
    expect(rows.map(({ uid }) => uid)).toEqual([1, 3]);
    expect(rows[0]).toMatchObject({
      envelope: '(ENVELOPE)',
      bodyStructure: '(BODYSTRUCTURE)',
      mimeIndex: '{}',
      trace: Buffer.from('Return-Path: <>\r\n'),
      header: Buffer.from('Subject: x\r\n\r\n'),
      body: Buffer.from('Subject: x\r\n\r\nbody\r\n'),
      octets: 37,
      bodyOctets: 20,
      headerOctets: 14,
    });
    expect(rows[0]?.internalDate).toBeInstanceOf(Date);
  });

  test('a batch stops at its octets and says so', async () => {
    const { inbox } = await makeMailbox(db.owner);
    const body = Buffer.concat([Buffer.from('A: b\r\n\r\n'), Buffer.alloc(READ_BATCH_OCTETS / 2)]);
    await fill(db.owner, inbox, 5, { body });
    const seen: number[] = [];
    for (let first = 1, complete = false; !complete;) {
      const batch = await store.messages(inbox, range(first, 5), { body: true });
      expect(batch.rows.length).toBeLessThanOrEqual(2);
      seen.push(...batch.rows.map(({ uid }) => uid));
      first = (seen.at(-1) ?? 0) + 1;
      complete = batch.complete;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(await store.messages(inbox, range(6, 9), { body: true })).toEqual({ rows: [], complete: true });
  });

  test('a batch of headers stops at octets of headers, however large the bodies', async () => {
    const { inbox } = await makeMailbox(db.owner);
    const rest = Buffer.alloc(READ_BATCH_OCTETS / 2);
    await fill(db.owner, inbox, 5, { body: Buffer.concat([Buffer.from('A: b\r\n\r\n'), rest]) });
    const small = await store.messages(inbox, range(1, 5), { header: true, trace: true });
    expect(small.complete).toBe(true);
    expect(small.rows.map(({ header }) => header?.toString())).toEqual(Array.from({ length: 5 }, () => 'A: b\r\n\r\n'));
    await db.owner.query(
      'update message set header_octets = octets where id in (select message_id from folder_message where folder_id = $1)',
      [inbox.folderId],
    );
    const seen: number[] = [];
    for (let first = 1, complete = false; !complete;) {
      const batch = await store.messages(inbox, range(first, 5), { header: true });
      expect(batch.rows.length).toBeLessThanOrEqual(2);
      seen.push(...batch.rows.map(({ uid }) => uid));
      first = (seen.at(-1) ?? 0) + 1;
      complete = batch.complete;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('what an open session sees', () => {
  test('the snapshot is the folder at SELECT, whatever happened since', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 10);
    await store.store(inbox, range(2, 4), { mode: 'add', flags: FLAG.deleted, keywords: [] });
    await store.expunge(inbox, range(2));
    const selected = await state(account);
    await store.expunge(inbox, ALL_UIDS);
    await store.move(inbox, range(9), named('Trash'));
    await fill(db.owner, inbox, 3);
    await store.store(inbox, range(11), { mode: 'add', flags: FLAG.deleted, keywords: [] });
    await store.expunge(inbox, ALL_UIDS); // one that came and went
    expect([...(await store.snapshot(selected))]).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(selected.messages).toBe(9);
    const since = await store.changes(inbox, syncPointOf(selected), MOST);
    expect(since).toMatchObject({ arrived: Uint32Array.of(12, 13), expunged: Uint32Array.of(3, 4, 9), complete: true });
    expect(since?.point).toEqual(syncPointOf(await state(account)));
  });

  test('a STORE of the whole folder is one MODSEQ, and read in parts all the same', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 25);
    const selected = await state(account);
    await store.store(inbox, ALL_UIDS, { mode: 'add', flags: FLAG.flagged, keywords: ['k'] });
    const first = await store.changes(inbox, syncPointOf(selected), 10);
    if (!first) return expect.fail('folder is gone');
    const uids = Array.from({ length: 25 }, (_, at) => at + 1);
    expect([...first.changed.uids]).toEqual(uids.slice(0, 10));
    expect(first.point).toEqual({ modseq: selected.highestModseq + 1, uid: 10, uidNext: 26 });
    expect(first).toMatchObject({ complete: false, highestModseq: selected.highestModseq + 1 });
    expect([...first.changed.keywords.values()]).toEqual(uids.slice(0, 10).map(() => ['k']));
    // What changes meanwhile goes to the end: one that was read comes again, one that was not comes once.
    await other.store(inbox, [...range(3), ...range(20)], { mode: 'add', flags: FLAG.seen, keywords: [] });
    const second = await store.changes(inbox, first.point, 10);
    expect([...(second?.changed.uids ?? [])]).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 21]);
    const third = await store.changes(inbox, second?.point ?? first.point, 10);
    expect([...(third?.changed.uids ?? [])]).toEqual([3, 20, 22, 23, 24, 25]);
    expect(third).toMatchObject({ complete: true, point: syncPointOf(await state(account)) });
    // A full answer that was the last is followed by an empty one.
    const full = await store.changes(inbox, second?.point ?? first.point, 6);
    expect(full?.complete).toBe(false);
    const end = await store.changes(inbox, full?.point ?? first.point, 6);
    expect(end).toMatchObject({ complete: true, point: third?.point });
    expect(end?.changed.uids).toHaveLength(0);
  });

  test('an index has the changes in their order: no part reads the rows of the parts before it', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 20_000);
    await db.owner.query('analyze folder_message');
    for (const table of ['folder_message', 'tombstone']) {
      const { rows } = await db.owner.query<{ 'QUERY PLAN': string }>(
        `explain (costs off) select uid from ${table} where tenant_id = $1 and folder_id = $2
            and (modseq, uid) > (2::bigint, 15000::bigint) and modseq > 0 and uid < 20001 order by modseq, uid limit 100`,
        [account.tenantId, inbox.folderId],
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toMatch(/Index Cond: .*ROW\(modseq, uid\) > ROW/);
      expect(plan).not.toContain('Sort');
    }
  });

  test('snapshots taken during a storm have exactly as many UIDs as their SELECT said', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 50);
    const storm = Array.from({ length: 40 }, async (_, at) => {
      if (at % 4 === 0) return void (await fill(db.owner, inbox, 3));
      await other.store(inbox, range(at + 1, at + 2), { mode: 'add', flags: FLAG.deleted, keywords: [] });
      await other.expunge(inbox, ALL_UIDS);
    });
    const sessions = Array.from({ length: 20 }, async () => {
      const selected = await state(account);
      const before = await store.snapshot(selected);
      expect(before).toHaveLength(selected.messages);
      return { selected, before };
    });
    const [seen] = await Promise.all([Promise.all(sessions), Promise.all(storm)]);
    const now = await state(account);
    const live = [...(await store.snapshot(now))];
    for (const { selected, before } of seen) {
      expect(await store.snapshot(selected)).toEqual(before);
      const since = await store.changes(inbox, syncPointOf(selected), MOST);
      const gone = new Set(since?.expunged);
      expect([...before.filter((uid) => !gone.has(uid)), ...(since?.arrived ?? [])]).toEqual(live);
    }
    await exact(account);
  });

  test('UID lists as ranges', () => {
    expect(uidRanges([])).toEqual([]);
    expect(uidRanges(Uint32Array.of(1, 2, 3, 7, 9, 10))).toEqual([
      { first: 1, last: 3 },
      { first: 7, last: 7 },
      { first: 9, last: 10 },
    ]);
  });
});
