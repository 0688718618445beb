import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Periodic } from './periodic.ts';

test('round after round, and nothing is left behind on the signal they share', async () => {
  const enough = Promise.withResolvers<number>();
  let rounds = 0;
  const periodic = new Periodic((signal) => {
    if (++rounds === 50) enough.resolve(getEventListeners(signal, 'abort').length);
    return Promise.resolve(1);
  });
  periodic.start();
  expect(await enough.promise).toBe(0);
  await periodic.stop();
});

test('a stop does not wait for the next round', async () => {
  const begun = Promise.withResolvers<void>();
  let rounds = 0;
  const periodic = new Periodic(() => {
    rounds++;
    begun.resolve();
    return Promise.resolve(2 ** 30);
  });
  periodic.start();
  await begun.promise;
  await periodic.stop();
  expect(rounds).toBe(1);
});
