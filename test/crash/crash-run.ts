/** One run: 2,000 messages or more, and things that die at random moments while they flow. The seed decides what dies, and when. */
import type { PrivateRedis } from '#testing';
import { CrashHouse, CrashServer, RESTLESS } from './crash-house.ts';
import { sendLoad } from './load.ts';
import { KINDS, planOf, troublesOf, type Backend, type Kind } from './plan.ts';
import { newFindings, strike } from './strikes.ts';
import { drained, judge, type Verdict } from './verdict.ts';

/** The load goes on beyond them until the last strike has been made. */
export const MESSAGES = 2_000;
const CONNECTIONS = 20;
/** Of a run by hand. */
export const BACKLOG = 100_000;

export interface CrashOptions {
  /** Used as the doorbell's backend where given: then it dies and forgets as well. */
  readonly redis?: PrivateRedis | undefined;
  /** Ends the run early: it throws, and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Messages of a backlog. */
  readonly backlog?: number;
  /** Leases of the dead are not waited for at the end. */
  readonly hurry?: boolean;
}

export interface CrashReport extends Verdict {
  readonly seed: number;
  readonly backend: Backend;
  readonly planned: readonly Kind[];
  /** In the order in which it was done, while the load was still being sent. */
  readonly struck: readonly Kind[];
  /** Milliseconds from each start after a kill to the first greeting of a listener. */
  readonly greeted: readonly number[];
  /** Milliseconds from each kill of pop3 in QUIT until a maildrop was free again. */
  readonly locked: readonly number[];
}

/**
 * On a database server of its own: the launcher of one that has died often waits longer before it starts it again.
 */
export async function crashRun(seed: number, options: CrashOptions = {}): Promise<CrashReport> {
  const server = await CrashServer.start();
  try {
    return await crashRunOn(server, seed, options);
  } finally {
    await options.redis?.remove();
    await server.stop();
  }
}

async function crashRunOn(
  server: CrashServer,
  seed: number,
  { redis, signal, backlog = BACKLOG, hurry = false }: CrashOptions,
): Promise<CrashReport> {
  const backend = redis ? 'redis' : 'postgres';
  const plan = planOf(seed, backend);
  const house = await CrashHouse.start(server, `crash_${seed}`, redis?.url);
  const struck: Kind[] = [];
  const found = newFindings();
  const stop = new AbortController();
  try {
    let isSending = true;
    const load = sendLoad({
      port: house.port,
      messages: MESSAGES,
      goOn: () => struck.length < plan.length,
      connections: CONNECTIONS,
      recipients: [...house.addresses, ...Object.values(RESTLESS).flat()],
      signal: stop.signal,
    }).finally(() => (isSending = false));
    for (const next of plan) {
      await moment(next.after);
      signal?.throwIfAborted();
      if (!isSending) break;
      await strike({ house, server, redis, found, backlog }, next);
      struck.push(next.kind);
    }
    const result = await load;
    signal?.throwIfAborted();
    for (const [id, recipient] of found.backlog) {
      result.accepted.add(id);
      result.recipients.set(id, recipient);
    }
    await drained(house, hurry);
    const verdict = await judge(house, result, found);
    const locked = found.quits.map((quits) => quits.locked);
    return { seed, backend, planned: plan.map(({ kind }) => kind), struck, greeted: found.greeted, locked, ...verdict };
  } finally {
    stop.abort();
    await house.stop();
  }
}

/** When to strike: part of the scenario, not a wait for something to happen. */
const moment = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** One line for people. */
export const summary = ({
  seed,
  backend,
  accepted,
  refused,
  unknown,
  delivered,
  lost,
  doubled,
  faults,
  planned,
  struck,
  greeted,
  locked,
}: CrashReport): string =>
  `seed ${seed} (${backend}): ${accepted} accepted, ${refused} refused, ${unknown} unknown, ${delivered} delivered, ` +
  `${lost.length} lost, ${doubled.length} doubled, ${faults.length} faults; struck ${struck.length} of ${planned.length}, ` +
  `${KINDS[backend].filter((kind) => struck.includes(kind)).length} of ${KINDS[backend].length} kinds and ${troublesOf(seed).length} troubles: ${struck.join(', ')}` +
  `; first greeting after a kill ${shown(greeted)}${locked.length > 0 ? `; maildrop free after ${shown(locked)}` : ''}`;

const shown = (milliseconds: readonly number[]): string =>
  milliseconds.length === 0 ? 'none' : `${milliseconds.map((one) => (one / 1_000).toFixed(2)).join(' ')} s`;

export const isGood = ({ lost, doubled, misplaced, faults, planned, struck }: CrashReport): boolean =>
  lost.length + doubled.length + misplaced.length + faults.length === 0 && struck.join() === planned.join();
