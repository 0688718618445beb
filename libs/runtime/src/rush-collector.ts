/**
 * Gives memory back after a rush of sessions. V8 lets the young generation grow to 128 MiB while thousands log in, and keeps it: for sessions
 * that then idle for hours, as those of mail clients do, that is several times what they hold (bench/RESULTS.md).
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Sessions since the last collection that are worth one: it stops the process for about 100 milliseconds. */
export const RUSH_SESSIONS = 250;
/** Between two looks whether the rush is over. Milliseconds. */
const LOOK_MS = 1_000;
/** The share of the time between two looks that a calm process is busy. */
const CALM = 0.25;

export class RushCollector {
  readonly #collect: () => void;
  readonly #lookMs: number;
  #sessions = 0;
  #watching = false;

  constructor(collect: () => void = fullCollection, lookMs = LOOK_MS) {
    this.#collect = collect;
    this.#lookMs = lookMs;
  }

  /** A session has begun. */
  note(): void {
    this.#sessions++;
    if (this.#sessions >= RUSH_SESSIONS && !this.#watching) this.#look();
  }

  #look(): void {
    this.#watching = true;
    const sessions = this.#sessions;
    const before = performance.eventLoopUtilization();
    setTimeout(() => {
      const isCalm = this.#sessions === sessions && performance.eventLoopUtilization(before).utilization < CALM;
      if (!isCalm) return this.#look();
      this.#watching = false;
      this.#sessions = 0;
      this.#collect();
    }, this.#lookMs).unref();
  }
}

/**
 * V8's own, by the door that Node leaves open to it: the flag may be set while the process runs, and a new context then has the function.
 * The last resort is the one that also shrinks the young generation.
 */
function fullCollection(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' });
}
