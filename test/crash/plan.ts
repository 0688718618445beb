/** What a run strikes, and when: the seed decides all of it before the run begins. */
import { between, pick, randomFrom, shuffled, type Random } from './random.ts';

export type Backend = 'postgres' | 'redis';

const PROCESSES = ['kill -9 smtp', 'kill -9 worker', 'kill -9 imap', 'kill -9 postgres'] as const;

/** Every run strikes each of its backend's at least once. */
export const KINDS = {
  postgres: PROCESSES,
  redis: [...PROCESSES, 'FLUSHALL', 'stop redis'],
} as const satisfies Record<Backend, readonly string[]>;

/** Redis is started again in every run that has stopped it; that is a moment of its own, but nothing dies by it. */
export type Kind = (typeof KINDS)[Backend][number] | 'start redis';

export interface Strike {
  readonly kind: Kind;
  /** Milliseconds after the one before. */
  readonly after: number;
  /** Chooses between processes of a kind. */
  readonly choice: number;
}

/** Strikes beyond one of each kind. */
const MORE = 2;
const SHORTEST = 50;
const LONGEST = 700;

export function planOf(seed: number, backend: Backend): Strike[] {
  const random = randomFrom(seed);
  const kinds: Kind[] = [...KINDS[backend]];
  for (let count = 0; count < MORE; count++) kinds.push(pick(random, KINDS[backend]));
  return withRestarts(shuffled(random, kinds)).map((kind) => strikeOf(random, kind));
}

const strikeOf = (random: Random, kind: Kind): Strike => ({
  kind,
  after: between(random, SHORTEST, LONGEST),
  choice: between(random, 0, 1_000),
});

/** Redis stays away over the next kill, where one follows, and is back before anything else is done to it. */
function withRestarts(kinds: readonly Kind[]): Kind[] {
  const plan: Kind[] = [];
  let isDown = false;
  for (const kind of kinds) {
    const isKill = kind.startsWith('kill');
    if (isDown && !isKill) plan.push('start redis');
    plan.push(kind);
    if (isDown && isKill) plan.push('start redis');
    isDown = kind === 'stop redis';
  }
  if (isDown) plan.push('start redis');
  return plan;
}
