import {
  ALL_UIDS,
  CHUNK_OCTETS,
  FLAG,
  INBOX,
  MAX_FOLDER_LEVELS,
  MAX_UID,
  parseFolderName,
  READ_BATCH_OCTETS,
  SMALL_BODY,
  syncPointOf,
  uidRanges,
  type Account,
  type AppendMessage,
  type Appended,
  type FolderName,
  type FolderState,
} from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { counters, digestOf, fill, makeMailbox } from './mailboxes.spec-helper.ts';
import { setClause } from './compact.ts';
import { PgFolderStore } from './pg-folder.store.ts';
import { storeText } from './store-flags.ts';

let db: FreshDatabase;
let store: PgFolderStore;
let other: PgFolderStore;
beforeAll(async () => {
  db = await freshDatabase();
  store = new PgFolderStore(db.as('posthouse_imap'));
  other = new PgFolderStore(db.as('posthouse_imap'));
});
afterAll(() => db.drop());

const named = (text: string): FolderName => parseFolderName(text) ?? expect.fail(`no folder name: ${text}`);
const range = (first: number, last = first) => [{ first, last }];

async function state(account: Account, name: string = INBOX): Promise<FolderState> {
  return (await store.status(account, named(name))) ?? expect.fail(`no folder ${name}`);
}

async function exact(account: Account): Promise<void> {
  const { kept, counted } = await counters(db.owner, account);
  expect(kept).toEqual(counted);
}

const BODY = Buffer.from('Subject: appended\r\n\r\ntext\r\n');
const message = (more: Partial<AppendMessage> = {}): AppendMessage => ({
  digest: digestOf(BODY),
  body: [BODY.subarray(0, 10), BODY.subarray(10)],
  flags: 0,
  keywords: [],
  internalDate: undefined,
  lacksFinalCrlf: false,
  remoteAddress: '192.0.2.1',
  ...more,
});
const NOTHING_KNOWN = { modseq: 0, uid: MAX_UID, uidNext: 1 };
/** More than any test here changes. */
const MOST = 1_000;
const uidOf = (appended: Appended): number =>
  appended.kind === 'appended' ? appended.uid : expect.fail(appended.kind);

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
});

describe('STORE', () => {
  const cases = [
    ['add', FLAG.seen | FLAG.flagged, ['New'], FLAG.seen | FLAG.answered | FLAG.flagged, ['$Old', 'New']],
    ['add', FLAG.seen, ['$OLD'], FLAG.seen | FLAG.answered, ['$Old']],
    ['remove', FLAG.answered, ['$old'], 0, []],
    ['remove', FLAG.deleted, ['absent'], FLAG.answered, ['$Old']],
    ['replace', FLAG.draft, [], FLAG.draft, []],
    ['replace', 0, ['a', 'A', '__proto__'], 0, ['a', '__proto__']],
    ['replace', 1024 | FLAG.seen, [], FLAG.seen, []],
  ] as const;
  test.each(cases)('%s %i %j', async (mode, flags, keywords, expected, words) => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 2, { flags: FLAG.answered });
    await store.store(inbox, ALL_UIDS, { mode: 'add', flags: 0, keywords: ['$Old'] });
    const stored = await store.store(inbox, range(2), { mode, flags, keywords });
    if (stored.kind !== 'stored') return expect.fail(stored.kind);
    expect([...stored.table.uids]).toEqual([2]);
    expect([...stored.table.flags]).toEqual([expected]);
    expect(stored.table.keywords.get(2) ?? []).toEqual(words);
    const after = await store.flags(inbox, ALL_UIDS);
    expect([...after.flags]).toEqual([FLAG.answered, expected]);
    await exact(account);
    expect((await state(account)).highestModseq).toBe(stored.highestModseq);
  });

  test('what changes nothing takes no MODSEQ', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 2, { flags: FLAG.seen });
    const before = await state(account);
    const stored = await store.store(inbox, ALL_UIDS, { mode: 'add', flags: FLAG.seen, keywords: [] });
    expect(stored).toMatchObject({ kind: 'stored', highestModseq: before.highestModseq });
    expect(await state(account)).toEqual(before);
  });

  test('a message holds so many keywords and no more; nothing of a refused STORE stays', async () => {
    const { inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 2);
    const words = (count: number, prefix: string) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
    expect(await store.store(inbox, range(2), { mode: 'add', flags: 0, keywords: words(40, 'a') })).toMatchObject({
      kind: 'stored',
    });
    const refused = { mode: 'add', flags: FLAG.seen, keywords: words(25, 'b') } as const;
    expect(await store.store(inbox, ALL_UIDS, refused)).toEqual({ kind: 'too-many-keywords' });
    expect([...(await store.flags(inbox, ALL_UIDS)).flags]).toEqual([0, 0]);
    expect(await store.store(inbox, range(1), { mode: 'replace', flags: 0, keywords: words(65, 'c') })).toEqual({
      kind: 'too-many-keywords',
    });
    expect(await store.store(inbox, range(2), { mode: 'add', flags: 0, keywords: words(24, 'b') })).toMatchObject({
      kind: 'stored',
    });
  });

  test('in a table that was never analyzed it looks at each message of its set once', async () => {
    const { inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 3_000);
    const set = setClause(range(501, 800), 4);
    const { rows } = await db.owner.query<{ 'QUERY PLAN': string }>({
      text: `explain (analyze, costs off, timing off) ${storeText(set, 'add', false)}`,
      values: [inbox.tenantId, inbox.mailboxId, inbox.folderId, ...set.values, FLAG.flagged],
    });
    const removed = rows.map((row) => Number(/Rows Removed by \D*(\d+)/.exec(row['QUERY PLAN'])?.[1] ?? 0));
    expect(Math.max(...removed)).toBeLessThan(300);
    const { flags } = await store.flags(inbox, ALL_UIDS);
    expect([...flags].filter((bits) => bits === FLAG.flagged)).toHaveLength(300);
  });

  test('many sessions at once: the unseen counter does not drift', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 20);
    const changes = Array.from({ length: 60 }, (_, at) => {
      const first = (at * 7) % 15;
      return (at % 2 ? store : other).store(inbox, range(first + 1, first + 6), {
        mode: at % 3 ? 'add' : 'remove',
        flags: FLAG.seen | FLAG.deleted,
        keywords: [],
      });
    });
    const expunges = Array.from({ length: 5 }, (_, at) => store.expunge(inbox, range(at * 3 + 1, at * 3 + 2)));
    await Promise.all([...changes, ...expunges, ...Array.from({ length: 5 }, () => fill(db.owner, inbox, 1))]);
    await exact(account);
  });
});

describe('APPEND', () => {
  test('keeps octets, flags, keywords and date', async () => {
    const { account } = await makeMailbox(db.owner);
    const internalDate = new Date('2001-02-03T04:05:06Z');
    const flags = FLAG.seen | FLAG.draft;
    const appended = await store.append(
      account,
      named('Sent'),
      message({ internalDate, flags, keywords: ['x', 'X', 'y'] }),
    );
    const sent = await state(account, 'Sent');
    expect(appended).toMatchObject({ kind: 'appended', uid: 1, uidValidity: sent.uidValidity });
    const { rows } = await store.messages(sent, ALL_UIDS, { body: true, internalDate: true, trace: true });
    expect(rows[0]).toMatchObject({
      flags,
      keywords: ['x', 'y'],
      internalDate,
      body: BODY,
      octets: BODY.length,
      trace: Buffer.alloc(0),
    });
    expect(sent).toMatchObject({ messages: 1, unseen: 0, uidNext: 2, recent: 1 });
    await exact(account);
  });

  test('into a folder that is not there', async () => {
    const { account } = await makeMailbox(db.owner);
    expect(await store.mayAppend(account, named('Nowhere'), 1)).toBe('no-such-folder');
    expect(await store.append(account, named('Nowhere'), message())).toEqual({ kind: 'no-such-folder' });
  });

  test('parallel appends: UIDs and MODSEQs are handed out once each, in commit order', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    const uids = await Promise.all(
      Array.from({ length: 60 }, async (_, at) =>
        uidOf(await (at % 2 ? store : other).append(account, INBOX, message())),
      ),
    );
    expect(uids.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    const { rows } = await store.messages(inbox, ALL_UIDS, {});
    expect(rows.map(({ modseq, uid }) => modseq - uid)).toEqual(rows.map(() => 1));
    await exact(account);
  });

  test('parallel appends never pass the quota, in octets or in messages', async () => {
    const byOctets = await makeMailbox(db.owner, { quotaOctets: BODY.length * 7 + 3 });
    const byMessages = await makeMailbox(db.owner, { quotaMessages: 5 });
    for (const [{ account }, most] of [
      [byOctets, 7],
      [byMessages, 5],
    ] as const) /* prettier-ignore */ {
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, at) => (at % 2 ? store : other).append(account, at % 3 ? INBOX : named('Sent'), message())),
      );
      expect(answers.filter(({ kind }) => kind === 'appended')).toHaveLength(most);
      expect(answers.filter(({ kind }) => kind === 'over-quota')).toHaveLength(30 - most);
      expect(await store.mayAppend(account, INBOX, BODY.length)).toBe('over-quota');
      await exact(account);
    }
  });

  test('a large one is nowhere until it is committed, then whole', async () => {
    const { account } = await makeMailbox(db.owner);
    const body = Buffer.concat([Buffer.from('A: b\r\n\r\n'), Buffer.alloc(SMALL_BODY + 5000, 'q')]);
    const id = await store.beginLarge(account, '192.0.2.1');
    for (let number = 0; number * CHUNK_OCTETS < body.length; number++) {
      await store.appendChunk(account, id, number, body.subarray(number * CHUNK_OCTETS, (number + 1) * CHUNK_OCTETS));
    }
    expect(await state(account)).toMatchObject({ messages: 0 });
    const facts = message({ digest: digestOf(body) });
    expect(await store.commitLarge(account, INBOX, id, facts)).toMatchObject({
      kind: 'appended',
      uid: 1,
      messageId: id,
    });
    const inbox = await state(account);
    const { rows } = await store.messages(inbox, ALL_UIDS, { body: true, header: true });
    expect(rows[0]).toMatchObject({ body: undefined, header: Buffer.from('A: b\r\n\r\n'), bodyOctets: body.length });
    const pieces: Buffer[] = [];
    for await (const piece of store.stream(account.tenantId, id, 3, body.length)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(body.subarray(3))).toBe(true);
    await exact(account);
    await expect(store.commitLarge(account, INBOX, id, facts)).rejects.toThrow('swept');
    await exact(account);
  });

  test('a large one that is refused or abandoned leaves nothing', async () => {
    const { account } = await makeMailbox(db.owner, { quotaOctets: SMALL_BODY });
    const big = Buffer.concat([Buffer.from('A: b\r\n\r\n'), Buffer.alloc(SMALL_BODY)]);
    const refused = await store.beginLarge(account, '');
    await store.appendChunk(account, refused, 0, big.subarray(0, CHUNK_OCTETS));
    expect(await store.commitLarge(account, INBOX, refused, message({ digest: digestOf(big) }))).toEqual({
      kind: 'over-quota',
    });
    const abandoned = await store.beginLarge(account, '');
    await store.appendChunk(account, abandoned, 0, big.subarray(0, CHUNK_OCTETS));
    await store.abandonLarge(account, abandoned);
    // Swept or abandoned, its chunks are of nothing.
    await expect(store.appendChunk(account, abandoned, 1, big.subarray(0, CHUNK_OCTETS))).rejects.toThrow('was swept');
    const { rows } = await db.owner.query(
      'select (select count(*) from message where id = any ($1)) + (select count(*) from message_chunk where message_id = any ($1)) as left',
      [[refused, abandoned]],
    );
    expect(rows).toEqual([{ left: '0' }]);
    await exact(account);
  });
});

describe('COPY and MOVE', () => {
  test('a copy shares the body and keeps flags, keywords, date and trace', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 3);
    await store.store(inbox, range(3), { mode: 'replace', flags: FLAG.seen, keywords: ['k'] });
    await fill(db.owner, await state(account, 'Trash'), 4);
    const copied = await store.copy(inbox, [{ first: 1, last: 1 }, { first: 3, last: 99 }], named('Trash')); // prettier-ignore
    const trash = await state(account, 'Trash');
    expect(copied).toEqual({
      kind: 'copied',
      uidValidity: trash.uidValidity,
      sourceUids: Uint32Array.of(1, 3),
      targetUids: Uint32Array.of(5, 6),
    });
    const wants = { trace: true, body: true, internalDate: true };
    const [original] = (await store.messages(inbox, range(3), wants)).rows;
    const [copy] = (await store.messages(trash, range(6), wants)).rows;
    expect(copy).toEqual({ ...original, uid: 6, modseq: trash.highestModseq });
    await exact(account);
  });

  test('a move leaves tombstones, and takes no quota', async () => {
    const { account, inbox } = await makeMailbox(db.owner, { quotaMessages: 3 });
    await fill(db.owner, inbox, 3);
    const before = await state(account);
    const moved = await store.move(inbox, range(2, 3), named('Archive'));
    expect(moved).toMatchObject({ sourceUids: Uint32Array.of(2, 3), targetUids: Uint32Array.of(1, 2) });
    expect(await store.changes(inbox, syncPointOf(before), MOST)).toMatchObject({
      expunged: Uint32Array.of(2, 3),
    });
    expect((await store.changes(inbox, syncPointOf(before), MOST))?.changed.uids).toHaveLength(0);
    await exact(account);
  });

  test('a copy over quota copies nothing', async () => {
    const { account, inbox } = await makeMailbox(db.owner, { quotaMessages: 5 });
    await fill(db.owner, inbox, 3);
    expect(await store.copy(inbox, ALL_UIDS, named('Trash'))).toEqual({ kind: 'over-quota' });
    expect(await state(account, 'Trash')).toMatchObject({ messages: 0, uidNext: 1 });
    const copies = await Promise.all(
      Array.from({ length: 6 }, (_, at) => store.copy(inbox, range((at % 3) + 1), named('Trash'))),
    );
    expect(copies.filter(({ kind }) => kind === 'copied')).toHaveLength(2);
    await exact(account);
  });

  test('into the folder itself: a copy doubles, a move renumbers', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 2);
    expect(await store.copy(inbox, ALL_UIDS, INBOX)).toMatchObject({ targetUids: Uint32Array.of(3, 4) });
    expect(await store.move(inbox, range(1, 3), INBOX)).toMatchObject({
      sourceUids: Uint32Array.of(1, 2, 3),
      targetUids: Uint32Array.of(5, 6, 7),
    });
    expect([...(await store.snapshot(await state(account)))]).toEqual([4, 5, 6, 7]);
    await exact(account);
  });

  test('nothing of the set exists any more', async () => {
    const { inbox } = await makeMailbox(db.owner);
    expect(await store.move(inbox, range(7), named('Trash'))).toMatchObject({
      kind: 'copied',
      sourceUids: new Uint32Array(0),
    });
    expect(await store.copy(inbox, range(7), named('Nowhere'))).toEqual({ kind: 'no-such-folder' });
  });

  test('moves to and fro at once: no deadlock, no message lost or doubled', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 30);
    const trash = await state(account, 'Trash');
    await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        at % 2 ? store.move(inbox, range(at + 1, at + 3), named('Trash')) : other.move(trash, ALL_UIDS, INBOX),
      ),
    );
    expect((await state(account)).messages + (await state(account, 'Trash')).messages).toBe(30);
    await exact(account);
  });
});

describe('EXPUNGE', () => {
  test('takes \\Deleted alone, all or within a set', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 6);
    await store.store(inbox, [{ first: 2, last: 3 }, { first: 5, last: 6 }], { mode: 'add', flags: FLAG.deleted, keywords: [] }); // prettier-ignore
    expect((await store.expunge(inbox, range(1, 2))).uids).toEqual(Uint32Array.of(2));
    const { uids, highestModseq } = await store.expunge(inbox, ALL_UIDS);
    expect(uids).toEqual(Uint32Array.of(3, 5, 6));
    expect(await state(account)).toMatchObject({ messages: 2, highestModseq });
    expect(await store.expunge(inbox, ALL_UIDS)).toEqual({ uids: new Uint32Array(0), highestModseq });
    await exact(account);
  });
});

describe('the folder tree', () => {
  test('CREATE makes superiors; a name exists once', async () => {
    const { account } = await makeMailbox(db.owner);
    const answers = await Promise.all(Array.from({ length: 6 }, () => store.create(account, named('a/b/c'))));
    expect(answers.sort()).toEqual(['created', 'exists', 'exists', 'exists', 'exists', 'exists']);
    expect(await store.create(account, named('a/b'))).toBe('exists');
    expect(await store.create(account, named('inbox'))).toBe('exists');
    expect(await store.create(account, named('InBox/sub'))).toBe('created');
    expect((await store.list(account)).folders.map(({ name }) => name)).toContain('INBOX/sub');
  });

  test('a name never gets a UIDVALIDITY twice, and no two folders share one', async () => {
    const { account } = await makeMailbox(db.owner);
    const seen: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await store.create(account, named('again'));
      seen.push((await state(account, 'again')).uidValidity);
      await store.delete(account, named('again'));
    }
    for (const { name } of (await store.list(account)).folders) seen.push((await state(account, name)).uidValidity);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, 5)).toEqual(seen.slice(0, 5).sort((a, b) => a - b));
  });

  test('DELETE', async () => {
    const { account } = await makeMailbox(db.owner);
    await store.create(account, named('a/b'));
    await fill(db.owner, await state(account, 'a/b'), 3);
    expect(await store.delete(account, named('INBOX'))).toBe('inbox');
    expect(await store.delete(account, named('nowhere'))).toBe('no-such-folder');
    const open = await state(account, 'a/b');
    expect(await store.delete(account, named('a/b'))).toBe('deleted');
    expect(await store.delete(account, named('a'))).toBe('deleted');
    expect(await store.changes(open, syncPointOf(open), MOST)).toBeUndefined();
    expect(await store.store(open, ALL_UIDS, { mode: 'add', flags: 1, keywords: [] })).toEqual({
      kind: 'no-such-folder',
    });
    expect((await store.expunge(open, ALL_UIDS)).uids).toHaveLength(0);
    await exact(account);
  });

  test('DELETE of a superior leaves what is below it, and the name with it', async () => {
    const { account } = await makeMailbox(db.owner);
    for (const name of ['a/b/c', 'x/b']) await store.create(account, named(name));
    await fill(db.owner, await state(account, 'a'), 3);
    await fill(db.owner, await state(account, 'a/b/c'), 2);
    expect(await store.delete(account, named('a/b'))).toBe('deleted');
    expect(await store.delete(account, named('a'))).toBe('deleted');
    expect(await store.delete(account, named('a'))).toBe('not-selectable');
    expect(await store.status(account, named('a'))).toBeUndefined();
    expect(await state(account, 'a/b/c')).toMatchObject({ messages: 2 });
    const { folders } = await store.list(account);
    expect(folders.filter(({ name }) => /^[ax]/.test(name))).toMatchObject([
      { name: 'a/b/c', hasChildren: false },
      { name: 'x', hasChildren: true },
      { name: 'x/b', hasChildren: false },
    ]);
    await exact(account);
    expect(await store.rename(account, named('a'), named('y'))).toBe('renamed');
    expect(await store.create(account, named('y/b/d'))).toBe('created');
    const names = (await store.list(account)).folders.map(({ name }) => name).filter((name) => /^[ay]/.test(name));
    expect(names).toEqual(['y', 'y/b', 'y/b/c', 'y/b/d']);
    await exact(account);
  });

  test('RENAME takes no name that there is, below the new one either', async () => {
    const { account } = await makeMailbox(db.owner);
    for (const name of ['a/b', 'x/b']) await store.create(account, named(name));
    expect(await store.delete(account, named('a'))).toBe('deleted');
    expect(await store.rename(account, named('x'), named('a'))).toBe('exists');
    expect((await store.list(account)).folders.map(({ name }) => name)).toContain('x/b');
  });

  test('RENAME takes what is below along', async () => {
    const { account } = await makeMailbox(db.owner);
    for (const name of ['a/b/c', 'a/bc', 'a/b_/x']) await store.create(account, named(name));
    const before = await state(account, 'a/b/c');
    expect(await store.rename(account, named('a/b'), named('x/y/z'))).toBe('renamed');
    const names = (await store.list(account)).folders.map(({ name }) => name).filter((name) => /^[ax]/.test(name));
    expect(names).toEqual(['a', 'a/b_', 'a/b_/x', 'a/bc', 'x', 'x/y', 'x/y/z', 'x/y/z/c']);
    expect(await state(account, 'x/y/z/c')).toEqual({ ...before, name: 'x/y/z/c' });
  });

  test('RENAME refuses', async () => {
    const { account } = await makeMailbox(db.owner);
    const deep = Array.from({ length: MAX_FOLDER_LEVELS }, () => 'd').join('/');
    for (const name of ['a/b', deep]) await store.create(account, named(name));
    expect(await store.rename(account, named('nowhere'), named('x'))).toBe('no-such-folder');
    expect(await store.rename(account, named('a'), named('Sent'))).toBe('exists');
    expect(await store.rename(account, named('a'), named('inbox'))).toBe('exists');
    expect(await store.rename(account, named('a'), named('a'))).toBe('exists');
    expect(await store.rename(account, named('a'), named('a/c'))).toBe('inside-itself');
    expect(await store.rename(account, named('d'), named('e/f'))).toBe('bad-name');
    expect((await store.list(account)).folders.map(({ name }) => name)).not.toContain('e');
  });

  test('RENAME of INBOX moves its messages and leaves it, with the folders below it', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await store.create(account, named('INBOX/below'));
    await fill(db.owner, inbox, 3);
    const before = await state(account);
    expect(await store.rename(account, INBOX, named('old/mail'))).toBe('renamed');
    expect(await state(account)).toMatchObject({ uidValidity: before.uidValidity, uidNext: 4, messages: 0 });
    expect(await state(account, 'old/mail')).toMatchObject({ messages: 3, unseen: 3 });
    expect(await state(account, 'INBOX/below')).toMatchObject({ messages: 0 });
    expect(await store.rename(account, INBOX, named('old/mail'))).toBe('exists');
    await exact(account);
  });

  test('structure changes at once leave every folder with its superior', async () => {
    const { account } = await makeMailbox(db.owner);
    await store.create(account, named('p/q'));
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => {
        const one = at % 2 ? store : other;
        if (at % 5 === 0) return one.rename(account, named(at % 10 ? 'p' : 'r'), named(at % 10 ? 'r' : 'p'));
        return at % 5 === 4 ? one.delete(account, named(`p/q/n${at - 2}`)) : one.create(account, named(`p/q/n${at}`));
      }),
    );
    const names = new Set<string>((await store.list(account)).folders.map(({ name }) => name));
    const orphans = [...names].filter((name) => name.includes('/') && !names.has(name.slice(0, name.lastIndexOf('/'))));
    expect(orphans).toEqual([]);
  });

  test('a full mailbox makes no more folders', async () => {
    const { account } = await makeMailbox(db.owner);
    await db.owner.query(
      `insert into folder (tenant_id, mailbox_id, id, name, uidvalidity) select $1, $2, gen_random_uuid(), 'f' || n, n from generate_series(1, 9993) n`,
      [account.tenantId, account.mailboxId],
    );
    expect(await store.create(account, named('x/y'))).toBe('too-many-folders');
    expect(await store.create(account, named('x'))).toBe('created');
    expect(await store.create(account, named('z'))).toBe('too-many-folders');
    expect(await store.rename(account, named('x'), named('y/z'))).toBe('too-many-folders');
  });

  test('subscriptions are names, of folders or not', async () => {
    const { account } = await makeMailbox(db.owner);
    expect(await store.subscribe(account, named('not/yet'))).toBe('subscribed');
    expect(await store.subscribe(account, named('not/yet'))).toBe('subscribed');
    await store.unsubscribe(account, named('Junk'));
    await store.unsubscribe(account, named('Junk'));
    expect((await store.list(account)).subscriptions).toEqual([
      'Archive',
      'Drafts',
      'INBOX',
      'Sent',
      'Trash',
      'not/yet',
    ]);
    await db.owner.query(`insert into subscription select $1, $2, 's' || n from generate_series(1, 9994) n`, [
      account.tenantId,
      account.mailboxId,
    ]);
    expect(await store.subscribe(account, named('more'))).toBe('too-many-subscriptions');
    expect(await store.subscribe(account, named('INBOX'))).toBe('subscribed');
  });

  test.each([
    '__proto__',
    'constructor',
    "'; drop table folder; --",
    '日本語/メール',
    'a\\b',
    '$1',
    'é'.repeat(127),
    '😀/😀',
    '_/_',
    'toString/__proto__',
  ])('a folder named %s is a folder like any other', async (text) => {
    const { account } = await makeMailbox(db.owner);
    const name = named(text);
    expect(await store.create(account, name)).toBe('created');
    expect(await store.append(account, name, message())).toMatchObject({ kind: 'appended', uid: 1 });
    expect(await store.subscribe(account, name)).toBe('subscribed');
    const { folders, subscriptions } = await store.list(account);
    expect(folders.map((folder) => folder.name)).toContain(name);
    expect(subscriptions).toContain(name);
    expect(await store.rename(account, name, named('plain'))).toBe('renamed');
    expect(await store.rename(account, named('plain'), name)).toBe('renamed');
    expect(await state(account, name)).toMatchObject({ messages: 1 });
    expect(await store.delete(account, name)).toBe('deleted');
    await exact(account);
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
            and (modseq, uid) > (2::bigint, 15000::bigint) and uid < 20001 order by modseq, uid limit 100`,
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
