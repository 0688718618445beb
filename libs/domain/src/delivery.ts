/** The life of one delivery: states, legal moves, lanes and retry instants. docs/queue.md says what a crash at each arrow leaves. */
export const DELIVERY_STATES = ['queued', 'leased', 'delivered', 'forwarded', 'held', 'bounced', 'discarded'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The same table stands as a CHECK constraint on delivery (came_from, state); a test compares them. */
export const LEGAL_MOVES: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  queued: ['leased', 'held', 'discarded'],
  leased: ['queued', 'delivered', 'forwarded', 'held', 'bounced', 'discarded'],
  held: ['queued', 'bounced', 'discarded'],
  delivered: [],
  forwarded: [],
  bounced: [],
  discarded: [],
};

/** 'local' delivers into our own mailboxes; 'expand' follows aliases; 'remote:<domain>' goes to another host. */
export type Lane = 'local' | 'expand' | `remote:${string}`;
export const LOCAL_LANE = 'local';
export const EXPAND_LANE = 'expand';
/** Kinds of lanes share nothing that one could wait for: a bell queue, connections to the database and drains of their own. */
export const LANE_KINDS = ['local', 'expand', 'remote'] as const;
export type LaneKind = (typeof LANE_KINDS)[number];
export const laneKind = (lane: string): LaneKind => (lane === LOCAL_LANE || lane === EXPAND_LANE ? lane : 'remote');
export const remoteLane = (domain: string): Lane => `remote:${domain}`;

/** Seconds. Requirements 1.4: next = birth + (floor(sqrt(age)) + skip)^2. */
const SKIP = { local: 10, remote: 20 } as const;

/** Seconds from birth after which the next attempt is the last: 5 days, 1 day for a message with the null sender. */
export const LIFETIME_SECONDS = 5 * 86_400;
export const DSN_LIFETIME_SECONDS = 86_400;

/**
 * Seconds from birth to the next attempt.
 * @param age seconds since the row was born
 * @param jitter in [-1, 1]: moves the wait by up to 5 %, so that a burst does not return as a burst
 */
export function nextAttemptAfter(age: number, channel: keyof typeof SKIP, jitter = 0): number {
  const next = (Math.floor(Math.sqrt(Math.max(0, age))) + SKIP[channel]) ** 2;
  return Math.max(age + 1, next + (next - age) * 0.05 * jitter);
}

/** Alias chains deeper than this are a loop in all but name. */
export const MAX_EXPANSION_DEPTH = 20;
/**
 * Rows that a message may have at one tenant, expanded targets included. An address whose targets would make it more is held: its aliases
 * multiply, or one mail is on its way to more people than a mailing list should be an alias for.
 */
export const MAX_DELIVERIES = 20_000;
/** Targets one alias may have. */
export const MAX_ALIAS_TARGETS = 5000;
