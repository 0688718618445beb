import { expect, test } from 'vitest';
import { duration, facts, octets, table } from './table.ts';

test('columns are as wide as they must be, numbers to the right', () => {
  expect(
    table(
      ['NAME', 'COUNT'],
      [
        ['a', 1],
        ['longer', 1000],
      ],
    ),
  ).toEqual(['NAME    COUNT', 'a           1', 'longer   1000']);
});

test('facts stand under each other, and what is not there is a hyphen', () => {
  expect(
    facts([
      ['a', 1],
      ['bcd', undefined],
    ]),
  ).toEqual(['a    1', 'bcd  -']);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [1024 ** 3, '1.0 GiB'],
  [1024 ** 5, '1024.0 TiB'],
])('%d octets', (count, expected) => {
  expect(octets(count)).toBe(expected);
});

test.each([
  [0.4, '0 s'],
  [61, '1 min'],
  [7200, '2 h'],
  [200_000, '2 d'],
])('%d seconds', (seconds, expected) => {
  expect(duration(seconds)).toBe(expected);
});
