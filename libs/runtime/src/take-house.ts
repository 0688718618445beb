/** Taking the house where its last holder may live on another machine: by watching its heart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireHouse, HouseLock, type AcquireOptions, type HeldByPid, type HousePurpose } from './house-lock.ts';

/** Milliseconds a heart stands still until its holder counts as dead. */
const STILL_MS = 15_000;
const LOOK_MS = 250;
/** Milliseconds after which, of several machines that took the house in the same instant, each knows which of them has it. */
const SETTLED_MS = 1_000;

export interface TakeOptions extends AcquireOptions {
  /** Instead of STILL_MS, for tests. */
  readonly stillMs?: number;
  /** Told once, before the wait: what is waited for, for people. */
  readonly onWait?: (words: string) => void;
  /** Ends the wait: then it rejects. */
  readonly signal?: AbortSignal;
}

/**
 * Takes the house, or says who has it. Among the processes of one kernel that is decided at once. A last holder of another boot (this machine
 * was started again, or the volume is shared with another one) is watched: if its heart beats, it has the house; if it stands still for 15 s,
 * it is dead. Throws HouseError.
 */
export async function takeHouse(
  dataDir: string,
  purpose: HousePurpose,
  { stillMs = STILL_MS, onWait, signal, ...options }: TakeOptions = {},
): Promise<HouseLock | HeldByPid> {
  const first = acquireHouse(dataDir, purpose, options);
  const watched = signOf(first);
  if (watched === undefined) return first;
  onWait?.(wordsFor(dataDir, first, stillMs));
  for (const end = performance.now() + stillMs; performance.now() < end;) {
    await sleep(LOOK_MS, undefined, { signal });
    const now = acquireHouse(dataDir, purpose, options);
    // Given up meanwhile; or its heart beats; or somebody else of this machine took it.
    if (signOf(now) !== watched) return now;
  }
  const taken = acquireHouse(dataDir, purpose, { ...options, still: watched });
  return taken instanceof HouseLock ? settled(taken, dataDir, purpose, options, signal) : taken;
}

/** Of a holder that only its heartbeat tells of. */
const signOf = (outcome: HouseLock | HeldByPid): string | undefined =>
  outcome instanceof HouseLock || outcome.elsewhere?.kind !== 'boot' ? undefined : outcome.elsewhere.sign;

async function settled(
  lock: HouseLock,
  dataDir: string,
  purpose: HousePurpose,
  options: AcquireOptions,
  signal: AbortSignal | undefined,
): Promise<HouseLock | HeldByPid> {
  try {
    await sleep(SETTLED_MS, undefined, { signal });
    if (lock.isOurs()) return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
  lock.release();
  return acquireHouse(dataDir, purpose, options);
}

function wordsFor(dataDir: string, outcome: HouseLock | HeldByPid, stillMs: number): string {
  const { heldBy, elsewhere } = outcome instanceof HouseLock ? { heldBy: 0, elsewhere: undefined } : outcome;
  return (
    `${dataDir} was last held by process ${heldBy} on ${elsewhere?.host ?? ''}, before this machine was started or on another one: ` +
    `watching for ${stillMs / 1_000} s whether it still lives`
  );
}
