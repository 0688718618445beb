import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeNumbers, includes, normalize, STAR, type SequenceSet } from './sequence-set.ts';

const ranges = (set: SequenceSet, largest: number): string =>
  normalize(set, largest)
    .map(({ first, last }) => `${first}:${last}`)
    .join(',');

describe('what a set means', () => {
  test.for<[string, SequenceSet, number, string]>([
    ['one', [{ first: 3, last: 3 }], 9, '3:3'],
    ['backwards', [{ first: 5, last: 2 }], 9, '2:5'],
    ['star', [{ first: STAR, last: STAR }], 9, '9:9'],
    ['4:*', [{ first: 4, last: STAR }], 9, '4:9'],
    ['*:4', [{ first: STAR, last: 4 }], 9, '4:9'],
    ['559:* names the largest below', [{ first: 559, last: STAR }], 9, '9:559'],
    ['star in an empty folder', [{ first: STAR, last: STAR }], 0, ''],
    ['1:* in an empty folder', [{ first: 1, last: STAR }], 0, ''],
    [
      'joined',
      [
        { first: 4, last: 6 },
        { first: 1, last: 3 },
        { first: 2, last: 5 },
        { first: 9, last: 9 },
      ],
      9,
      '1:6,9:9',
    ],
  ])('%s', ([, set, largest, expected]) => {
    expect(ranges(set, largest)).toBe(expected);
  });

  const number = fc.integer({ min: 0, max: 15 });
  test('agrees with asking number by number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ first: number, last: number })),
        fc.integer({ min: 0, max: 15 }),
        (set, largest) => {
          const normal = normalize(set, largest);
          for (let candidate = 1; candidate <= 16; candidate++) {
            const named = set.some(({ first, last }) => {
              const [a, b] = [first === STAR ? largest : first, last === STAR ? largest : last];
              return a > 0 && b > 0 && Math.min(a, b) <= candidate && candidate <= Math.max(a, b);
            });
            expect(includes(normal, candidate)).toBe(named);
          }
          for (let at = 1; at < normal.length; at++)
            expect(normal[at]!.first).toBeGreaterThan(normal[at - 1]!.last + 1);
        },
      ),
    );
  });
});

test.for<[number[], string]>([
  [[], ''],
  [[4], '4'],
  [[1, 2, 3, 7, 9, 10], '1:3,7,9:10'],
  [[3, 2, 1], '3,2,1'],
])('%j is written %s', ([numbers, expected]) => {
  expect(encodeNumbers(numbers)).toBe(expected);
});
