import { ALL_UIDS, CHUNK_OCTETS, FLAG, INBOX, SMALL_BODY, syncPointOf } from '#domain';
import type { FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BODY, folderWorld, message, MOST, named, range, uidOf, type FolderWorld } from './folder-world.spec-helper.ts';
import { digestOf, fill, makeMailbox } from './mailboxes.spec-helper.ts';
import { setClause } from './compact.ts';
import type { PgFolderStore } from './pg-folder.store.ts';
import { storeText } from './store-flags.ts';

let db: FreshDatabase;
let store: PgFolderStore;
let other: PgFolderStore;
let state: FolderWorld['state'];
let exact: FolderWorld['exact'];
beforeAll(async () => {
  ({ db, store, other, state, exact } = await folderWorld());
});
afterAll(() => db.drop());

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
    for await (const piece of store.stream(account, id, 3, body.length)) pieces.push(piece);
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
