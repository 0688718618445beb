/** What a reader's step costs follows from what it was asked for, not from how much lies beside it. */
import { ALL_UIDS, FLAG, INBOX, MAX_UID, type FolderRef, type MessageWants, type UidSet } from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFlags, readMessages } from './fetch.ts';
import type { HotConnection } from '../hot-connection.ts';
import { NOTHING_KNOWN, range } from './folder-world.spec-helper.ts';
import { fill, makeMailbox } from './mailboxes.spec-helper.ts';
import { PgFolderStore } from './pg-folder.store.ts';
import { allAskedBy, askedBy, PLAN_MODES, readCost, type Asked } from './read-cost.spec-helper.ts';
import { snapshot, SNAPSHOT_PAGE } from './snapshot.ts';
import { changes, folderState } from './view.ts';

const SMALL = 2_000;
const LARGE = 30_000;

let db: FreshDatabase;
let client: pg.PoolClient;
let small: FolderRef;
let large: FolderRef;
beforeAll(async () => {
  db = await freshDatabase();
  small = (await makeMailbox(db.owner)).inbox;
  large = (await makeMailbox(db.owner)).inbox;
  await fill(db.owner, small, SMALL);
  await fill(db.owner, large, LARGE);
  client = await db.owner.connect();
});
afterAll(async () => {
  client.release();
  await db.drop();
});

/** Single numbers with gaps between them, which no range can join. */
const scattered = (count: number, step: number): UidSet =>
  Array.from({ length: count }, (_, at) => ({ first: at * step + 1, last: at * step + 1 }));

const SETS: readonly (readonly [string, UidSet])[] = [
  ['one message', range(700)],
  ['100 in a row', range(501, 600)],
  ['100 single numbers', scattered(100, 17)],
  ['100 short ranges', Array.from({ length: 100 }, (_, at) => ({ first: at * 15 + 1, last: at * 15 + 3 }))],
  ['beyond the end', range(1_000_000, MAX_UID)],
  ['100 ranges beyond the end', Array.from({ length: 100 }, (_, at) => ({ first: 1_000_000 + at * 10, last: 1_000_005 + at * 10 }))],
]; // prettier-ignore

const WANTS: readonly (readonly [string, MessageWants])[] = [
  ['ENVELOPE', { envelope: true, internalDate: true }],
  ['header', { header: true, trace: true }],
  ['body', { body: true, trace: true, mimeIndex: true }],
];

const asking = async (folder: FolderRef, set: UidSet): Promise<[string, Asked][]> => [
  ['flags', await askedBy((connection) => readFlags(connection, folder, set))],
  ...(await Promise.all(
    WANTS.map(async ([name, wants]): Promise<[string, Asked]> => [
      name,
      await askedBy((connection) => readMessages(connection, folder, set, wants)),
    ]),
  )),
];

test.for(['never analyzed', 'analyzed'])(
  'in a table that was %s the size of the folder costs nothing',
  async (when) => {
    if (when === 'analyzed') await db.owner.query('analyze folder_message, message');
    const dear: string[] = [];
    for (const mode of PLAN_MODES) {
      for (const [set, uids] of SETS) {
        const ofSmall = new Map(await asking(small, uids));
        for (const [what, asked] of await asking(large, uids)) {
          const few = ofSmall.get(what);
          const base = few ? (await readCost(client, few, mode)).pages : 0;
          const { pages, plan } = await readCost(client, asked, mode);
          // An index of more messages has a level more, for each range.
          if (pages > 2 * base + 50) dear.push(`${mode}, ${set}, ${what}: ${pages} pages, not ${base}\n${plan}`);
        }
      }
    }
    expect(dear).toEqual([]);
  },
);

test('what is asked for all at once is read in pages', async () => {
  const whole = await askedBy((connection) => readFlags(connection, large, ALL_UIDS));
  const meta = await askedBy((connection) => readMessages(connection, large, ALL_UIDS, { envelope: true }));
  const halves = [{ first: 1, last: 15_000 }, { first: 15_002, last: MAX_UID }]; // prettier-ignore
  const inParts = await askedBy((connection) => readFlags(connection, large, halves));
  for (const mode of PLAN_MODES) {
    for (const asked of [whole, meta, inParts]) {
      const { pages, plan } = await readCost(client, asked, mode);
      expect(pages, plan).toBeLessThan(1_000);
      expect(Number(/Nested Loop \(actual rows=(\d+)/.exec(plan)?.[1] ?? 0), plan).toBeLessThanOrEqual(5_000);
    }
  }
});

test('a snapshot, changes and counts are read in pages too', async () => {
  await db.owner.query('update folder set recent_from = 2 where tenant_id = $1 and id = $2', [
    large.tenantId,
    large.folderId,
  ]);
  const store = new PgFolderStore(db.as('posthouse_imap'));
  const at = (await store.status(large, INBOX)) ?? expect.fail('no folder');
  expect([at.messages, at.recent]).toEqual([LARGE, LARGE - 1]);
  const one = (work: (connection: HotConnection) => Promise<unknown>) => askedBy(work).then((asked) => [asked]);
  const moved = [{ highestmodseq: at.highestModseq, uidnext: at.uidNext }];
  const look = await allAskedBy(
    (connection) => changes({ short: connection, long: connection }, large, NOTHING_KNOWN, 500),
    [moved],
  );
  const statements = [
    ...(await allAskedBy((connection) => snapshot(connection, at), [])),
    ...(await one((connection) => folderState(connection, large, INBOX, () => Promise.resolve(0)))),
    ...look,
  ];
  expect(statements.map(({ statement }) => statement.name)).toEqual([
    'folder_snapshot_live', 'folder_snapshot_gone', 'folder_state', 'folder_has_moved', 'folder_changes_500',
  ]); // prettier-ignore
  for (const mode of PLAN_MODES) {
    for (const asked of statements) {
      const { pages, plan } = await readCost(client, asked, mode);
      expect(pages, plan).toBeLessThan(800);
      expect(plan).not.toMatch(/Sort Method: external/);
    }
  }
});

test('a snapshot in pages is exact while messages come and go between them', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, SNAPSHOT_PAGE + 5_000);
  const store = new PgFolderStore(db.as('posthouse_imap'));
  const remove = async (uids: UidSet): Promise<void> => {
    await store.store(inbox, uids, { mode: 'add', flags: FLAG.deleted, keywords: [] });
    await store.expunge(inbox, uids);
  };
  await remove(range(10, 19));
  const at = (await store.status(account, INBOX)) ?? expect.fail('no folder');
  await remove(range(100, 199));
  const hot = db.as('posthouse_imap').hot();
  let asked = 0;
  const seen = await snapshot(
    {
      query: async (statement, values) => {
        const rows = await hot.query<never>(statement, values);
        // Between the pages: what was read already, what is still to be read, and one that came after.
        if (asked++ === 0) {
          await remove([...range(5_000, 5_009), ...range(SNAPSHOT_PAGE + 1_000, SNAPSHOT_PAGE + 1_009)]);
          await fill(db.owner, inbox, 3);
          await remove(range(SNAPSHOT_PAGE + 5_001));
        }
        return rows;
      },
    },
    at,
  );
  expect(asked).toBe(3);
  expect(seen).toHaveLength(at.messages);
  expect(seen.every((uid, index) => uid === (index < 9 ? index + 1 : index + 11))).toBe(true);
});

test('all pages together are the set, whatever its ranges', async () => {
  const store = db.as('posthouse_imap').hot();
  const odd = scattered(12_000, 2);
  const gaps = await readFlags(store, large, odd);
  expect([...gaps.uids]).toEqual(odd.map(({ first }) => first));
  const halves = await readFlags(store, large, [{ first: 1, last: 15_000 }, { first: 15_002, last: MAX_UID }]); // prettier-ignore
  expect([halves.uids.length, halves.flags.length]).toEqual([LARGE - 1, LARGE - 1]);
  expect(halves.uids.every((uid, at) => uid === (at < 15_000 ? at + 1 : at + 2))).toBe(true);
  const some = await readMessages(store, large, ALL_UIDS, { internalDate: true });
  expect([some.complete, some.rows.map(({ uid }) => uid)]).toEqual([false, Array.from({ length: 1_000 }, (_, at) => at + 1)]); // prettier-ignore
  const end = await readMessages(store, large, range(LARGE - 999, MAX_UID), {});
  // A full page may be the last: the next look is empty and says so.
  expect([end.rows.length, end.complete]).toEqual([1_000, false]);
  expect(await readMessages(store, large, range(LARGE + 1, MAX_UID), {})).toEqual({ rows: [], complete: true });
});
