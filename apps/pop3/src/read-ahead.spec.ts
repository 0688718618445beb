import { Buffer } from 'node:buffer';
import type { Account, FolderId, MaildropMessage, MaildropStore, MessageId } from '#domain';
import { compactMaildrop } from '#pop3';
import { OctetBudget } from '#runtime';
import { expect, test } from 'vitest';
import { READ_AHEAD_BUDGET, READ_AHEAD_LARGEST, READ_AHEAD_MESSAGES } from './limits.ts';
import type { OpenDrop } from './open-drop.ts';
import { ReadAhead } from './read-ahead.ts';

/** A maildrop whose message n has UID 10 n. */
function drop(sizes: readonly number[]): OpenDrop {
  const uids = Uint32Array.from(sizes, (_, at) => (at + 1) * 10);
  return {
    account: { tenantId: 't', mailboxId: 'm' } as unknown as Account,
    sessionId: 's',
    folderId: 'f' as FolderId,
    uids,
    drop: compactMaildrop({ sizes, uidlOf: String }),
  };
}

const messageOf = (uid: number): MaildropMessage => ({
  uid,
  messageId: `${uid}` as MessageId,
  trace: Buffer.alloc(0),
  bodyOctets: 1,
  body: Buffer.from('x'),
});

function reading(
  sizes: readonly number[],
  { gone = new Set<number>(), budget = new OctetBudget(READ_AHEAD_BUDGET) } = {},
) {
  const batches: number[][] = [];
  const faults: Error[] = [];
  const store: Pick<MaildropStore, 'read'> = {
    read: (_, __, uids) => {
      batches.push(uids.map((uid) => uid / 10));
      const fault = faults.pop();
      if (fault) return Promise.reject(fault);
      return Promise.resolve(uids.filter((uid) => !gone.has(uid / 10)).map(messageOf));
    },
  };
  const ahead = new ReadAhead(store as MaildropStore, budget, drop(sizes));
  const get = async (number: number): Promise<number | 'gone'> => {
    const fetched = ahead.take(number) ?? (await ahead.fetch(number));
    return fetched === 'gone' ? 'gone' : fetched.uid / 10;
  };
  return { ahead, get, batches, faults, budget };
}

const hundred = Array.from({ length: 100 }, () => 4_096);

test('a hundred in a row take a few batches, each message in one of them', async () => {
  const { ahead, get, batches, budget } = reading(hundred);
  for (let number = 1; number <= 100; number++) expect(await get(number)).toBe(number);
  expect(batches.flat()).toEqual(hundred.map((_, at) => at + 1));
  expect(batches.length).toBeLessThanOrEqual(7);
  expect(Math.max(...batches.map(({ length }) => length))).toBe(READ_AHEAD_MESSAGES);
  ahead.close();
  expect(budget.free).toBe(READ_AHEAD_BUDGET);
});

test('any order gives the right messages', async () => {
  const { ahead, get, budget } = reading(hundred, { gone: new Set([3, 50]) });
  for (const number of [100, 1, 2, 3, 4, 4, 90, 7, 9, 8, 50, 51, 1]) {
    expect(await get(number)).toBe(number === 3 || number === 50 ? 'gone' : number);
  }
  ahead.close();
  expect(budget.free).toBe(READ_AHEAD_BUDGET);
});

test('large messages are not read ahead', async () => {
  const { get, batches } = reading([100, 100, READ_AHEAD_LARGEST + 1, 100]);
  for (const number of [1, 2, 3, 4]) expect(await get(number)).toBe(number);
  expect(batches).toEqual([[1, 2], [3], [4]]);
});

test('with the budget spent every message is fetched alone', async () => {
  const budget = new OctetBudget(READ_AHEAD_BUDGET);
  budget.take(READ_AHEAD_BUDGET);
  const { get, batches } = reading(hundred, { budget });
  for (const number of [1, 2, 3]) expect(await get(number)).toBe(number);
  expect(batches).toEqual([[1], [2], [3]]);
});

test('a fault is told to who asks, and the next try may succeed', async () => {
  const { ahead, get, faults, budget } = reading(hundred);
  faults.push(new Error('no database'));
  await expect(get(1)).rejects.toThrow('no database');
  expect(await get(1)).toBe(1);
  ahead.close();
  expect(budget.free).toBe(READ_AHEAD_BUDGET);
});

test('what arrives after the end is thrown away', async () => {
  const { ahead, get, budget } = reading(hundred);
  const late = get(1);
  ahead.close();
  await late;
  expect(budget.free).toBe(READ_AHEAD_BUDGET);
});
