import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { KINDS, planOf, type Backend } from './plan.ts';

const backends = fc.constantFrom<Backend>('postgres', 'redis');

test('every seed strikes each kind of its backend', () => {
  fc.assert(
    fc.property(fc.integer(), backends, (seed, backend) => {
      const kinds: string[] = planOf(seed, backend).map(({ kind }) => kind);
      expect(kinds).toEqual(expect.arrayContaining([...KINDS[backend]]));
    }),
  );
});

test('a seed is one plan, and another seed another', () => {
  expect(planOf(104, 'redis')).toEqual(planOf(104, 'redis'));
  const plans = new Set(Array.from({ length: 100 }, (_, seed) => JSON.stringify(planOf(seed, 'postgres'))));
  expect(plans.size).toBe(100);
});

test('Redis is there whenever it is to be flushed or stopped, and at the end', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      let isUp = true;
      for (const { kind } of planOf(seed, 'redis')) {
        if (kind === 'FLUSHALL' || kind === 'stop redis') expect(isUp).toBe(true);
        if (kind === 'start redis') expect(isUp).toBe(false);
        if (kind === 'stop redis') isUp = false;
        if (kind === 'start redis') isUp = true;
      }
      expect(isUp).toBe(true);
    }),
  );
});
