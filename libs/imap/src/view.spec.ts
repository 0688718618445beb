import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUpdates } from './responses/updates.ts';
import { STAR, type SequenceSet } from './sequence-set.ts';
import { FolderView, type ViewChanges, type ViewUpdate } from './view.ts';

const set = (text: string): SequenceSet =>
  text.split(',').map((range) => {
    const [first = '', last = first] = range.split(':');
    const number = (text: string): number => (text === '*' ? STAR : Number(text));
    return { first: number(first), last: number(last) };
  });

/** What the client gets, one line an update. */
const flush = (view: FolderView, mayExpunge = true): string[] =>
  encodeUpdates(view.flush({ mayExpunge }))
    .split('\r\n')
    .filter((line) => line !== '');

describe('numbers', () => {
  const view = new FolderView([3, 5, 8, 13]);

  test('seq and uid', () => {
    expect([1, 2, 3, 4].map((seq) => view.uidOf(seq))).toEqual([3, 5, 8, 13]);
    expect([3, 5, 8, 13].map((uid) => view.seqOf(uid))).toEqual([1, 2, 3, 4]);
    expect([view.uidOf(0), view.uidOf(5), view.seqOf(0), view.seqOf(4), view.seqOf(14)]).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    expect([view.exists, view.highestUid, view.recent]).toEqual([4, 13, 0]);
  });

  test.for<[string, boolean, number[] | 'out-of-range']>([
    ['1', false, [3]],
    ['2:3', false, [5, 8]],
    ['3:2', false, [5, 8]],
    ['*', false, [13]],
    ['2:*', false, [5, 8, 13]],
    ['*:2,1', false, [3, 5, 8, 13]],
    ['1,1,1:2', false, [3, 5]],
    ['5', false, 'out-of-range'],
    ['1:5', false, 'out-of-range'],
    ['5:*', false, 'out-of-range'],
    ['4294967295', false, 'out-of-range'],
    ['3', true, [3]],
    ['4', true, []],
    ['4:8', true, [5, 8]],
    ['*', true, [13]],
    ['99:*', true, [13]],
    ['1:4294967295', true, [3, 5, 8, 13]],
    ['13,3,7:6', true, [3, 13]],
  ])('%s (uid %j)', ([text, uid, expected]) => {
    const resolved = view.resolve(set(text), uid);
    expect(resolved.kind === 'messages' ? Array.from(resolved.uids) : resolved.kind).toEqual(expected);
  });

  test('an empty folder has no *', () => {
    const empty = new FolderView([]);
    expect(empty.resolve(set('*'), false)).toEqual({ kind: 'out-of-range', exists: 0 });
    expect(empty.resolve(set('1:*'), true)).toEqual({ kind: 'messages', uids: new Uint32Array(0), gone: 0 });
  });
});

describe('updates', () => {
  test('expunges go from the highest number down', () => {
    const view = new FolderView([1, 2, 3, 4, 5]);
    view.apply({ expunged: [2, 5, 3, 3, 99] });
    expect(flush(view)).toEqual(['* 5 EXPUNGE', '* 3 EXPUNGE', '* 2 EXPUNGE']);
    expect([view.exists, view.seqOf(4), view.uidOf(2)]).toEqual([2, 2, 4]);
    expect(view.hasPending).toBe(false);
  });

  test('RFC 3501 7.4.1: no EXPUNGE while numbers are in use; arrivals and flags go on', () => {
    const view = new FolderView([1, 2, 3]);
    view.apply({ expunged: [2], arrived: [7], changed: [{ uid: 3, bits: 1, keywords: [] }] });
    expect(flush(view, false)).toEqual(['* 4 EXISTS', String.raw`* 3 FETCH (FLAGS (\Seen))`]);
    expect([view.seqOf(2), view.isGone(2), view.hasPending]).toEqual([2, true, true]);
    expect(view.resolve(set('1:*'), false)).toEqual({ kind: 'messages', uids: Uint32Array.of(1, 3, 7), gone: 1 });
    expect(flush(view, false)).toEqual([]);
    expect(flush(view)).toEqual(['* 2 EXPUNGE']);
    expect(view.resolve(set('1:*'), false)).toEqual({ kind: 'messages', uids: Uint32Array.of(1, 3, 7), gone: 0 });
  });

  test('what came and went unseen is never told', () => {
    const view = new FolderView([1]);
    view.apply({ arrived: [2, 3], recentFrom: 2 });
    view.apply({ expunged: [2] });
    expect(view.seqOf(3)).toBeUndefined();
    expect(flush(view, false)).toEqual(['* 2 EXISTS', '* 1 RECENT']);
    expect(view.uidOf(2)).toBe(3);
  });

  test('recent messages: by the first session only, told when their number changes', () => {
    const view = new FolderView([1, 2, 3], 3);
    expect(view.recent).toBe(1);
    view.apply({ arrived: [4, 5], recentFrom: 4 });
    view.apply({ arrived: [6] });
    view.apply({ arrived: [8], recentFrom: 7 });
    expect(flush(view)).toEqual(['* 7 EXISTS', '* 4 RECENT']);
    expect([1, 2, 3, 4, 5, 6, 8].map((uid) => view.isRecent(uid))).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
      true,
    ]);
    view.apply({ expunged: [4], changed: [{ uid: 5, bits: 2, keywords: ['$x'] }] });
    expect(flush(view)).toEqual(['* 4 EXPUNGE', '* 3 RECENT', String.raw`* 4 FETCH (FLAGS (\Answered \Recent $x))`]);
  });

  test('the last flags count; those the client knows, and of messages it does not know, are not sent', () => {
    const view = new FolderView([1, 2, 3]);
    const flags = (uid: number, bits: number): ViewChanges => ({ changed: [{ uid, bits, keywords: [] }] });
    view.apply(flags(1, 1));
    view.apply(flags(1, 4));
    view.apply(flags(2, 1));
    view.apply(flags(9, 1));
    view.apply(flags(3, 1));
    view.apply({ expunged: [3] });
    view.forgetFlags(2);
    expect(encodeUpdates(view.flush({ mayExpunge: false }), true)).toBe(
      `* 1 FETCH (UID 1 FLAGS (${String.raw`\Flagged`}))\r\n`,
    );
  });

  test('arrivals reported twice count once', () => {
    const view = new FolderView([1]);
    view.apply({ arrived: [1, 2] });
    view.apply({ arrived: [2, 3] });
    expect(flush(view)).toEqual(['* 3 EXISTS']);
  });
});

test('a million messages', () => {
  const view = new FolderView(Array.from({ length: 1_000_000 }, (_, at) => at * 2 + 1));
  view.apply({ expunged: [1, 1_000_001], arrived: [4_294_967_295] });
  expect(flush(view)).toEqual(['* 500001 EXPUNGE', '* 1 EXPUNGE', '* 999999 EXISTS']);
  expect([view.seqOf(3), view.seqOf(4_294_967_295), view.uidOf(999_998)]).toEqual([1, 999_999, 1_999_999]);
  view.apply({ expunged: Array.from({ length: 999_000 }, (_, at) => at * 2 + 1) });
  expect(flush(view)).toHaveLength(998_998);
  expect(view.exists).toBe(1001);
});

/** A client that believes what it is told: a list of messages, known by the UID it would fetch at the time of EXISTS. */
class Client {
  readonly uids: number[];
  recent: number;

  constructor(view: FolderView) {
    this.uids = Array.from({ length: view.exists }, (_, at) => view.uidOf(at + 1)!);
    this.recent = view.recent;
  }

  hear(updates: readonly ViewUpdate[], view: FolderView): void {
    for (const update of updates) {
      if (update.update === 'expunge') {
        expect(this.uids[update.seq - 1]).toBeDefined();
        this.uids.splice(update.seq - 1, 1);
      } else if (update.update === 'exists') {
        expect(update.messages).toBeGreaterThanOrEqual(this.uids.length);
        for (let seq = this.uids.length + 1; seq <= update.messages; seq++) this.uids.push(view.uidOf(seq)!);
      } else if (update.update === 'recent') this.recent = update.messages;
      else expect(this.uids[update.seq - 1]).toBe(update.uid);
    }
  }
}

type Event =
  | { kind: 'arrive'; count: number; gap: number; recent: boolean }
  | { kind: 'expunge'; picks: number[] }
  | { kind: 'flags'; picks: number[] }
  | { kind: 'flush'; mayExpunge: boolean };

test('a client that applies the updates always has the numbering of the view', () => {
  const picks = fc.array(fc.nat(40), { maxLength: 5 });
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.record({
      kind: fc.constant('arrive' as const),
      count: fc.integer({ min: 1, max: 4 }),
      gap: fc.integer({ min: 1, max: 3 }),
      recent: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('expunge' as const), picks }),
    fc.record({ kind: fc.constant('flags' as const), picks }),
    fc.record({ kind: fc.constant('flush' as const), mayExpunge: fc.boolean() }),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
      fc.array(event, { maxLength: 40 }),
      (start, events) => {
        const truth = start.sort((a, b) => a - b);
        const recents = new Set(truth.filter((uid) => uid >= 20));
        const view = new FolderView(truth, 20);
        const client = new Client(view);
        for (const event of events) {
          if (event.kind === 'arrive') {
            const from = view.highestUid + event.gap;
            const arrived = Array.from({ length: event.count }, (_, at) => from + at);
            truth.push(...arrived);
            if (event.recent) for (const uid of arrived) recents.add(uid);
            view.apply(event.recent ? { arrived, recentFrom: from } : { arrived });
          } else if (event.kind === 'expunge') {
            const expunged = event.picks.filter((uid) => truth.includes(uid));
            for (const uid of new Set(expunged)) truth.splice(truth.indexOf(uid), 1);
            view.apply({ expunged });
          } else if (event.kind === 'flags') {
            view.apply({ changed: event.picks.map((uid) => ({ uid, bits: 1, keywords: [] })) });
          } else {
            const updates = view.flush(event);
            if (!event.mayExpunge) expect(updates.filter(({ update }) => update === 'expunge')).toEqual([]);
            client.hear(updates, view);
            if (event.mayExpunge) expect(client.uids).toEqual(truth);
          }
          expect(client.uids).toEqual(Array.from({ length: view.exists }, (_, at) => view.uidOf(at + 1)));
          expect(client.uids.map((uid) => view.seqOf(uid))).toEqual(client.uids.map((_, at) => at + 1));
          expect(client.recent).toBe(view.recent);
          for (const uid of truth) expect(view.isRecent(uid)).toBe(recents.has(uid));
          const resolved = view.resolve(set('1:*'), true);
          expect(resolved.kind === 'messages' && Array.from(resolved.uids)).toEqual(
            client.uids.filter((uid) => truth.includes(uid)),
          );
        }
        client.hear(view.flush({ mayExpunge: true }), view);
        expect(client.uids).toEqual(truth);
        expect(client.recent).toBe(truth.filter((uid) => recents.has(uid)).length);
        expect(view.hasPending).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});
