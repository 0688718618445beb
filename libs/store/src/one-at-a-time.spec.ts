import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OneAtATime } from './one-at-a-time.ts';

test('one at a time per key, in order, failures included; keys do not wait for each other, and none is left behind', async () => {
  const jobs = fc.array(fc.record({ key: fc.constantFrom('a', 'b', '__proto__'), fails: fc.boolean() }), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(jobs, fc.scheduler(), async (given, scheduler) => {
      const turns = new OneAtATime<string>();
      const busy = new Set<string>();
      const order: number[] = [];
      const results = given.map(({ key, fails }, at) =>
        turns.run(key, async () => {
          expect(busy.has(key)).toBe(false);
          busy.add(key);
          await scheduler.schedule(Promise.resolve());
          busy.delete(key);
          order.push(at);
          if (fails) throw new Error(`job ${at}`);
          return at;
        }),
      );
      const outcomes = Promise.allSettled(results);
      await scheduler.waitFor(outcomes);
      expect((await outcomes).map(({ status }) => status)).toEqual(
        given.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')),
      );
      for (const one of ['a', 'b', '__proto__']) {
        const own = order.filter((at) => given[at]?.key === one);
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
      expect(turns.size).toBe(0);
    }),
  );
});

test('what is slow for one key holds up no other', async () => {
  const turns = new OneAtATime<string>();
  const slow = Promise.withResolvers<void>();
  const first = turns.run('slow', () => slow.promise);
  const behind = turns.run('slow', () => Promise.resolve('behind'));
  expect(await turns.run('quick', () => Promise.resolve('quick'))).toBe('quick');
  slow.resolve();
  expect(await Promise.all([first, behind])).toEqual([undefined, 'behind']);
});
