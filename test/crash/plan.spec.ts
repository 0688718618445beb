import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { KINDS, planOf, TROUBLES, type Backend } from './plan.ts';

const backends = fc.constantFrom<Backend>('postgres', 'redis');

test('every seed strikes each kind of its backend', () => {
  fc.assert(
    fc.property(fc.integer(), backends, (seed, backend) => {
      const kinds: string[] = planOf(seed, backend).map(({ kind }) => kind);
      expect(kinds).toEqual(expect.arrayContaining([...KINDS[backend]]));
    }),
  );
});

test('three seeds in a row have every trouble, and what begins in one ends in it', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), backends, (seed, backend) => {
      const plans = [seed, seed + 1, seed + 2].map((one) => planOf(one, backend).map(({ kind }) => kind));
      expect(plans.flat()).toEqual(expect.arrayContaining([...TROUBLES]));
      for (const plan of plans) {
        const [began, ended] = [plan.indexOf('suspend a tenant'), plan.indexOf('resume the tenant')];
        expect(began === -1 ? ended === -1 : ended > began).toBe(true);
      }
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
