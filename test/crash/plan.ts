/** What a run strikes, and when: the seed decides all of it before the run begins. */
import { between, pick, randomFrom, shuffled, type Random } from './random.ts';

export type Backend = 'postgres' | 'redis';

const PROCESSES = ['kill -9 smtp', 'kill -9 worker', 'kill -9 imap', 'kill -9 postgres'] as const;

/** What else happens to a house while processes die: each run has PER_RUN of them, any three seeds in a row have all. */
export const TROUBLES = [
  'remove a domain',
  'suspend a tenant',
  'rename a mailbox',
  'second start',
  'second start from another PID namespace',
  'a backlog',
  'a full disk under the log',
  'kill -9 pop3 in QUIT',
  'kill -9 worker in an expansion',
] as const;
export type Trouble = (typeof TROUBLES)[number];
export const PER_RUN = 3;

/** Every run strikes each of its backend's at least once. */
export const KINDS = {
  postgres: PROCESSES,
  redis: [...PROCESSES, 'FLUSHALL', 'stop redis'],
} as const satisfies Record<Backend, readonly string[]>;

/** Redis is started again in every run that has stopped it; that is a moment of its own, but nothing dies by it. */
export type Kind = (typeof KINDS)[Backend][number] | Trouble | 'start redis' | 'resume the tenant';

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
  return withRestarts(backlogFirst(shuffled(random, [...kinds, ...troublesOf(seed)]))).map((kind) =>
    strikeOf(random, kind),
  );
}

/** There from the first strike on, so that everything dies while it is worked off. */
const backlogFirst = (kinds: readonly Kind[]): Kind[] => [
  ...kinds.filter((kind) => kind === 'a backlog'),
  ...kinds.filter((kind) => kind !== 'a backlog'),
];

export const troublesOf = (seed: number): Trouble[] =>
  Array.from({ length: PER_RUN }, (_, at) => TROUBLES[Math.abs(seed * PER_RUN + at) % TROUBLES.length] ?? TROUBLES[0]);

const strikeOf = (random: Random, kind: Kind): Strike => ({
  kind,
  after: between(random, SHORTEST, LONGEST),
  choice: between(random, 0, 1_000),
});

/** Ends of what lasts over the strikes behind it. */
const ENDS: Partial<Record<Kind, Kind>> = { 'suspend a tenant': 'resume the tenant' };

/**
 * Redis stays away over the next kill, where one follows, and is back before anything else is done to it. What an operator began lasts to
 * the end of the strikes.
 */
function withRestarts(kinds: readonly Kind[]): Kind[] {
  return [...withRedis(kinds), ...kinds.flatMap((kind) => ENDS[kind] ?? [])];
}

function withRedis(kinds: readonly Kind[]): Kind[] {
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
