import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { RUSH_SESSIONS, RushCollector } from './rush-collector.ts';

test('one collection when a rush is over, and the next only after as many again', async () => {
  let collections = 0;
  const collector = new RushCollector(() => void collections++, 1);
  const rush = (): void => {
    for (let n = 0; n < RUSH_SESSIONS; n++) collector.note();
  };
  rush();
  await expect.poll(() => collections).toBe(1);
  for (let n = 1; n < RUSH_SESSIONS; n++) collector.note();
  collector.note();
  await expect.poll(() => collections).toBe(2);
});

test('nothing while sessions still come', async () => {
  const collected = Promise.withResolvers<number>();
  let sessions = 0;
  const collector = new RushCollector(() => collected.resolve(sessions), 5);
  const last = 2 * RUSH_SESSIONS;
  const coming = setInterval(() => {
    collector.note();
    if (++sessions === last) clearInterval(coming);
  }, 0);
  expect(await collected.promise).toBe(last);
});

test('what nobody holds is given back', async () => {
  const collector = new RushCollector(undefined, 1);
  let garbage: unknown[] = Array.from({ length: 500_000 }, (_, n) => ({ n }));
  const before = getHeapStatistics().used_heap_size;
  garbage = [garbage.length];
  for (let n = 0; n < RUSH_SESSIONS; n++) collector.note();
  await expect.poll(() => getHeapStatistics().used_heap_size).toBeLessThan(before - 10_000_000);
  expect(garbage).toEqual([500_000]);
});
