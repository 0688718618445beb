import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Grouped } from './grouped.ts';
import { bisect } from './pg-errors.ts';
import pg from 'pg';

/** Flushes that end when the test says so. */
function gate() {
  const flushes: { items: number[]; end: () => void; fail: (error: Error) => void }[] = [];
  const flush = (items: number[]): Promise<number[]> =>
    new Promise((resolve, reject) => {
      flushes.push({ items, end: () => resolve(items.map((item) => item * 10)), fail: reject });
    });
  return { flushes, flush };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Grouped', () => {
  test('one turn of the loop is one flush; what comes meanwhile is the next; answers in order', async () => {
    const { flushes, flush } = gate();
    const grouped = new Grouped(flush, { maxItems: 10 });
    const first = [1, 2, 3].map((item) => grouped.submit(item));
    await turn();
    const second = [4, 5].map((item) => grouped.submit(item));
    await turn();
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2, 3]]);
    flushes[0]?.end();
    expect(await Promise.all(first)).toEqual([10, 20, 30]);
    await turn();
    expect(flushes.map(({ items }) => items)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    flushes[1]?.end();
    expect(await Promise.all(second)).toEqual([40, 50]);
  });

  test('a flush that fails refuses its own items and no others', async () => {
    const { flushes, flush } = gate();
    const grouped = new Grouped(flush, { maxItems: 2 });
    const answers = [1, 2, 3].map((item) => grouped.submit(item).catch((error: Error) => error.message));
    await turn();
    flushes[0]?.fail(new Error('away'));
    await Promise.all(answers.slice(0, 2));
    await turn();
    flushes[1]?.end();
    expect(await Promise.all(answers)).toEqual(['away', 'away', 30]);
  });

  test('any load: every item once, in order, within the limits; an item over the weight goes alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 30 })),
        fc.integer({ min: 1, max: 7 }),
        async (weights, maxItems) => {
          const groups: number[][] = [];
          const flush = (items: number[]): Promise<number[]> => {
            groups.push(items);
            return Promise.resolve(items);
          };
          const grouped = new Grouped(flush, { maxItems, maxWeight: 20, weigh: (item) => item });
          expect(await Promise.all(weights.map((weight) => grouped.submit(weight)))).toEqual(weights);
          expect(groups.flat()).toEqual(weights);
          for (const group of groups) {
            expect(group.length).toBeLessThanOrEqual(maxItems);
            if (group.length > 1) expect(group.reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(20);
          }
        },
      ),
    );
  });
});

describe('bisect', () => {
  const dataError = (): Error => Object.assign(new pg.DatabaseError('bad', 3, 'error'), { code: '22021' });

  const ofItems = fc.constantFrom(dataError(), new RangeError('too deep'), new TypeError('not a Buffer'));

  test('finds every culprit, and the others run exactly once in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 60 })),
        fc.array(fc.integer({ min: 0, max: 60 })),
        ofItems,
        async (items, bad, error) => {
          const done: number[] = [];
          const culprits = await bisect(items, (part) => {
            if (part.some((item) => bad.includes(item))) return Promise.reject(error);
            done.push(...part);
            return Promise.resolve();
          });
          expect([...culprits.keys()].toSorted((a, b) => a - b)).toEqual(
            items.filter((item) => bad.includes(item)).toSorted((a, b) => a - b),
          );
          expect(done).toEqual(items.filter((item) => !bad.includes(item)));
        },
      ),
    );
  });

  test('trouble that is not the data is thrown at once', async () => {
    let runs = 0;
    const run = (): Promise<void> => {
      runs++;
      return Promise.reject(new Error('connection lost'));
    };
    await expect(bisect([1, 2, 3], run)).rejects.toThrow('connection lost');
    expect(runs).toBe(1);
  });
});
