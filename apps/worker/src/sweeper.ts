/** Heals what doorbells miss: takes back expired leases, rings for every due lane, and drains it itself when no bell can ring. */
import type { Doorbell, Lane, QueueStore } from '#domain';
import type { Log } from '#runtime';
import type { Lanes } from './lanes.ts';
import { Periodic } from './periodic.ts';

/** Milliseconds between sweeps: mail waits at most this long when every bell is broken. */
const INTERVAL = 1_000;
/** Milliseconds that one lane may keep a sweep: mail that never ends must not keep expired leases from being taken back. */
const DRAIN_FOR = 10_000;
/**
 * Seconds without a chunk after which a large message that was begun and not finished belongs to a dead connection: far more than any
 * idle time-out, and a client that takes longer for CHUNK_OCTETS sends less than 73 octets a second.
 */
export const PENDING_FOR = 3_600;
const SWEEPS_PER_PENDING_SWEEP = 60;

export class Sweeper {
  readonly #queue: QueueStore;
  readonly #doorbell: Doorbell;
  readonly #lanes: Lanes;
  readonly #log: Log;
  readonly #periodic = new Periodic((signal) => this.#round(signal));
  #sweeps = 0;
  /** Lanes that were due at the last sweep: rung then and still due, so nobody hears the bell. */
  #dueBefore = new Set<Lane>();

  constructor(queue: QueueStore, doorbell: Doorbell, lanes: Lanes, log: Log) {
    this.#queue = queue;
    this.#doorbell = doorbell;
    this.#lanes = lanes;
    this.#log = log;
  }

  start(): void {
    this.#periodic.start();
  }

  /** Waits for the sweep in hand. */
  stop(): Promise<void> {
    return this.#periodic.stop();
  }

  async #round(signal: AbortSignal): Promise<number> {
    try {
      await this.sweep(signal);
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'sweep failed; the next one tries again');
    }
    return INTERVAL;
  }

  async sweep(signal?: AbortSignal): Promise<void> {
    const released = await this.#queue.releaseExpired();
    if (released > 0) this.#log.warn({ released }, 'leases of vanished workers taken back');
    if (this.#sweeps++ % SWEEPS_PER_PENDING_SWEEP === 0) {
      const swept = await this.#queue.sweepPending(PENDING_FOR);
      if (swept > 0) this.#log.info({ swept }, 'unfinished large messages removed');
    }
    const due = await this.#queue.dueLanes();
    // A bell that hangs costs its whole time-out: it is tried once a sweep, not once a lane.
    let rings = true;
    for (const lane of due) {
      const isNew = !this.#dueBefore.has(lane);
      if (isNew && rings) rings = await this.#ring(lane);
      if (!isNew || !rings) await this.#drain(lane, bounded(signal));
    }
    this.#dueBefore = new Set(due);
  }

  /** What is wrong with one lane must not keep the others from their turn. */
  async #drain(lane: Lane, signal: AbortSignal): Promise<void> {
    try {
      await this.#lanes.drain(lane, 0, signal);
    } catch (error) {
      this.#log.warn({ lane, reason: String(error) }, 'a lane could not be drained; the next sweep tries again');
    }
  }

  #ring(lane: Lane): Promise<boolean> {
    return this.#doorbell.ring(lane).then(
      () => true,
      () => false,
    );
  }
}

const bounded = (signal: AbortSignal | undefined): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(DRAIN_FOR), ...(signal ? [signal] : [])]);
