/** Sessions that follow a folder by changes() alone, against a model that knows everything. */
import { ALL_UIDS, FLAG, INBOX, MAX_UID, parseFolderName, type FolderRef, type SyncPoint } from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counters, digestOf, fill, makeMailbox } from './mailboxes.spec-helper.ts';
import { PgFolderStore } from './pg-folder.store.ts';

let db: FreshDatabase;
let store: PgFolderStore;
beforeAll(async () => {
  db = await freshDatabase();
  store = new PgFolderStore(db.as('posthouse_imap'));
});
afterAll(() => db.drop());

/** UID to flags and keywords, in UID order. */
type Seen = Map<number, string>;
const shown = (flags: number, keywords: readonly string[] = []): string => `${flags} ${keywords.join(' ')}`;

class Follower {
  readonly seen: Seen = new Map();
  /** Reads so much at a time; others go on in between. */
  readonly most: number;
  readonly #gone = new Set<number>();
  #point: SyncPoint = { modseq: 0, uid: MAX_UID, uidNext: 1 };

  constructor(most: number) {
    this.most = most;
  }

  /** False: there is more to be seen. */
  async look(folder: FolderRef): Promise<boolean> {
    const since = await store.changes(folder, this.#point, this.most);
    if (!since) return expect.fail('folder is gone');
    expect(since.expunged.length + since.changed.uids.length).toBeLessThanOrEqual(this.most);
    expect(isAfter(since.point, this.#point)).toBe(true);
    for (const uid of since.expunged) {
      expect(this.#gone.has(uid)).toBe(false);
      this.#gone.add(uid);
      this.seen.delete(uid);
    }
    const { uids, flags, keywords } = since.changed;
    for (const [at, uid] of uids.entries()) {
      expect(this.seen.has(uid)).toBe(true);
      this.seen.set(uid, shown(flags[at] ?? 0, keywords.get(uid)));
    }
    const arrived = await store.flags(
      folder,
      [...since.arrived].map((uid) => ({ first: uid, last: uid })),
    );
    for (const [at, uid] of arrived.uids.entries())
      this.seen.set(uid, shown(arrived.flags[at] ?? 0, arrived.keywords.get(uid)));
    this.#point = since.point;
    return since.complete;
  }
}

/** Or equal. */
const isAfter = (one: SyncPoint, other: SyncPoint): boolean =>
  one.uidNext >= other.uidNext && (one.modseq > other.modseq || (one.modseq === other.modseq && one.uid >= other.uid));

const uid = fc.integer({ min: 1, max: 14 });
const step = fc.oneof(
  fc.record({ do: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('append' as const), flags: fc.integer({ min: 0, max: 31 }) }),
  fc.record({
    do: fc.constant('store' as const),
    first: uid,
    last: uid,
    mode: fc.constantFrom('add', 'remove', 'replace'),
    flags: fc.integer({ min: 0, max: 31 }),
    keywords: fc.subarray(['a', 'b', '__proto__']),
  }),
  fc.record({ do: fc.constant('expunge' as const), first: uid, last: uid }),
  fc.record({ do: fc.constant('move' as const), first: uid, last: uid }),
  fc.record({ do: fc.constant('copy' as const), first: uid, last: uid }),
  fc.record({ do: fc.constant('look' as const), who: fc.integer({ min: 0, max: 2 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

const TRASH = parseFolderName('Trash') ?? INBOX;
const BODY = Buffer.from('A: b\r\n\r\n');

async function run(folder: FolderRef, one: Step, followers: readonly Follower[]): Promise<void> {
  if (one.do === 'deliver') await fill(db.owner, folder, one.count);
  else if (one.do === 'look') await followers[one.who]?.look(folder);
  else if (one.do === 'append') {
    await store.append(folder, INBOX, {
      digest: digestOf(BODY), body: [BODY], flags: one.flags, keywords: [], internalDate: undefined, lacksFinalCrlf: false,
      remoteAddress: '',
    }); // prettier-ignore
  } else {
    const uids = [{ first: Math.min(one.first, one.last), last: Math.max(one.first, one.last) }];
    if (one.do === 'store') await store.store(folder, uids, one);
    else if (one.do === 'expunge') await store.expunge(folder, uids);
    else if (one.do === 'move') await store.move(folder, uids, one.first % 2 ? TRASH : INBOX);
    else await store.copy(folder, uids, INBOX);
  }
}

test('whoever looks, whenever, ends with what the folder holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const { inbox, account } = await makeMailbox(db.owner);
      const followers = [new Follower(1), new Follower(3), new Follower(1_000)];
      for (const one of steps) await run(inbox, one, followers);
      const { uids, flags, keywords } = await store.flags(inbox, ALL_UIDS);
      const truth = [...uids].map((one, at) => [one, shown(flags[at] ?? 0, keywords.get(one))]);
      for (const follower of followers) {
        while (!(await follower.look(inbox)));
        expect([...follower.seen].sort(([a], [b]) => a - b)).toEqual(truth);
      }
      expect(truth.filter(([, text]) => (Number.parseInt(String(text), 10) & FLAG.seen) === 0).length).toBe(
        (await store.status(account, INBOX))?.unseen,
      );
      const { kept, counted } = await counters(db.owner, account);
      expect(kept).toEqual(counted);
    }),
    { numRuns: 60 },
  );
});
