import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DELIVERY_STATES, LEGAL_MOVES, LIFETIME_SECONDS, nextAttemptAfter, remoteLane } from './delivery.ts';

/** Instants of the attempts of a row that never succeeds, by requirements 1.4. */
function schedule(channel: 'local' | 'remote', lifetime: number): number[] {
  const instants = [0];
  for (let at = 0; at <= lifetime;) {
    at = nextAttemptAfter(at, channel);
    instants.push(at);
  }
  return instants;
}

// Requirements 1.4, with qmail's lifetime: the attempt after it is the last.
test.each([
  ['local', [0, 100, 400, 900, 1600, 2500, 3600, 4900, 6400], 79],
  ['remote', [0, 400, 1600, 3600, 6400, 10_000, 14_400, 19_600, 25_600], 40],
] as const)('%s: quadratic from birth, the golden schedule', (channel, first, count) => {
  const instants = schedule(channel, 604_800);
  expect(instants.slice(0, first.length)).toEqual(first);
  expect(instants).toHaveLength(count);
  expect(instants.at(-1)).toBe(608_400);
});

test('within our own lifetime a remote row is tried 34 times', () => {
  expect(schedule('remote', LIFETIME_SECONDS)).toHaveLength(34);
});

test('the next attempt is always later, and jitter moves the wait by 5 % at most', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      fc.constantFrom('local' as const, 'remote' as const),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (age, channel, jitter) => {
        const [exact, moved] = [nextAttemptAfter(age, channel), nextAttemptAfter(age, channel, jitter)];
        expect(moved).toBeGreaterThanOrEqual(age + 1);
        expect(Math.abs(moved - exact)).toBeLessThanOrEqual((exact - age) * 0.05 + 1e-6);
      },
    ),
  );
});

test('a clock that ran backwards is no reason to wait for ever', () => {
  expect(nextAttemptAfter(-50, 'local')).toBe(100);
});

test('settled states are final, and every other state leads to a settled one', () => {
  const settled = ['delivered', 'forwarded', 'bounced', 'discarded'] as const;
  for (const state of settled) expect(LEGAL_MOVES[state]).toEqual([]);
  for (const state of ['queued', 'leased', 'held'] as const)
    expect(LEGAL_MOVES[state].some((to) => settled.includes(to as never))).toBe(true);
});

test('nothing is delivered without a lease', () => {
  const from = DELIVERY_STATES.filter((state) =>
    LEGAL_MOVES[state].some((to) => to === 'delivered' || to === 'forwarded'),
  );
  expect(from).toEqual(['leased']);
});

test('a lane is named after its destination', () => {
  expect(remoteLane('example.org')).toBe('remote:example.org');
});
