import type { MailboxId } from '#domain';
import { expect, test } from 'vitest';
import type { HotConnection } from './hot-connection.ts';
import { LongReads } from './long-reads.ts';

const ALICE = 'alice' as MailboxId;
const BOB = 'bob' as MailboxId;
const STEP = { name: 'step', text: '' };

/** One connection; `answer` ends the step that was begun first of those under way. */
function reads() {
  const begun: unknown[] = [];
  const open: { answer: () => void; fail: (error: Error) => void }[] = [];
  const connection: Pick<HotConnection, 'query'> = {
    query: (_, [name]) => {
      begun.push(name);
      return new Promise((resolve, reject) => open.push({ answer: () => resolve([]), fail: reject }));
    },
  };
  const answer = async (error?: Error): Promise<void> => {
    const first = open.shift();
    if (error) first?.fail(error);
    else first?.answer();
    // The next step is begun in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { long: new LongReads([connection as HotConnection]), begun, answer };
}

test('mailboxes take turns, however much one of them asks for', async () => {
  const { long, begun, answer } = reads();
  const asked = [1, 2, 3, 4, 5].map((at) => long.for(ALICE).query(STEP, [`alice ${at}`]));
  asked.push(...[1, 2].map((at) => long.for(BOB).query(STEP, [`bob ${at}`])));
  expect(begun).toEqual(['alice 1', 'alice 2']);
  for (let at = 0; at < asked.length; at++) await answer();
  await Promise.all(asked);
  expect(begun).toEqual(['alice 1', 'alice 2', 'alice 3', 'bob 1', 'alice 4', 'bob 2', 'alice 5']);
});

test('no step is begun for a client that is gone; those of others are', async () => {
  const { long, begun, answer } = reads();
  const gone = new AbortController();
  const underWay = long.for(ALICE, gone.signal).query(STEP, ['alice 1']);
  const other = long.for(BOB).query(STEP, ['bob 1']);
  const waiting = long.for(ALICE, gone.signal).query(STEP, ['alice 2']);
  const behind = long.for(BOB).query(STEP, ['bob 2']);
  const refused = expect(waiting).rejects.toThrow('hung up');
  gone.abort(new Error('hung up'));
  await expect(long.for(ALICE, gone.signal).query(STEP, ['alice 3'])).rejects.toThrow('hung up');
  for (let at = 0; at < 3; at++) await answer();
  await Promise.all([underWay, other, behind, refused]);
  expect(begun).toEqual(['alice 1', 'bob 1', 'bob 2']);
});

test('a step that fails makes room like one that ends', async () => {
  const { long, begun, answer } = reads();
  const asked = ['a', 'b', 'c'].map((name) => long.for(ALICE).query(STEP, [name]));
  const failed = expect(asked[0]).rejects.toThrow('away');
  await answer(new Error('away'));
  for (let at = 0; at < 2; at++) await answer();
  await Promise.all([failed, asked[1], asked[2]]);
  expect(begun).toEqual(['a', 'b', 'c']);
  await Promise.all([long.for(BOB).query(STEP, ['d']), answer()]);
});
