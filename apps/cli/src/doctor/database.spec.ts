import { expect, test } from 'vitest';
import { clock } from './database.ts';

const REMEDY = 'run a time service on both machines';
test.each([
  [0, 'ok', '0.00 s ahead', undefined],
  [-1.5, 'ok', '1.50 s behind', undefined],
  [2.01, 'warn', '2.01 s ahead', REMEDY],
  [-3_600, 'warn', '3600.00 s behind', REMEDY],
] as const)('a clock %d s ahead', async (seconds, verdict, words, remedy) => {
  expect(await clock({ clockSkewSeconds: async () => seconds })).toEqual({
    verdict,
    what: `clock: the database is ${words}`,
    remedy,
  });
});

test('a clock that cannot be read', async () => {
  const clockSkewSeconds = (): Promise<never> => Promise.reject(new Error('the database went away'));
  expect(await clock({ clockSkewSeconds })).toEqual({
    verdict: 'fail',
    what: 'clock: the database went away',
    remedy: 'check the database',
  });
});
