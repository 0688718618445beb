import { longestStopSeconds } from '#runtime';
import { expect, test } from 'vitest';
import { patienceSeconds } from './down.ts';

test.for([0, 60, 3_600])(
  'with a drain of %i s, down waits until the house has given up, and little longer',
  (drain) => {
    const more = patienceSeconds(drain) - longestStopSeconds(drain);
    expect([longestStopSeconds(drain) > drain, more > 0, more < 10]).toEqual([true, true, true]);
  },
);
