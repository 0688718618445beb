import { expect, test } from 'vitest';
import { encodeFlags, FLAG_BIT, STORABLE_FLAGS, systemFlag } from './flags.ts';

test('the bits are those that are stored', () => {
  expect(FLAG_BIT).toEqual({ seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16, recent: 32 });
  expect(STORABLE_FLAGS).toBe(31);
});

test.for<[string, number | undefined]>([
  ['\\Seen', 1],
  ['\\DRAFT', 16],
  ['\\recent', 32],
  ['Seen', undefined],
  ['\\__proto__', undefined],
  ['\\*', undefined],
])('%s', ([name, bit]) => {
  expect(systemFlag(name)).toBe(bit);
});

test.for<[number, string[], string]>([
  [0, [], '()'],
  [9, [], '(\\Seen \\Deleted)'],
  [0, ['$A', 'b'], '($A b)'],
  [33, ['__proto__'], '(\\Seen \\Recent __proto__)'],
])('%i and %j are written %s', ([bits, keywords, expected]) => {
  expect(encodeFlags(bits, keywords)).toBe(expected);
});
