import { Doorbell, type Lane } from '#domain';
import type { BellQueue } from './bell-backend.ts';

/** Milliseconds between two rings of one bell: on Postgres a ring costs milliseconds of CPU, and one answers all that waits. */
const QUIET = 50;

/** Bells whose last ring is remembered. */
const MAX_BELLS = 10_000;

interface Bell {
  /** When it rang last, by the process clock. */
  last: number;
  pending: Promise<void> | undefined;
}

/** Rings at once after a quiet time; under load once per QUIET, for everything that came meanwhile. */
export class BullDoorbell extends Doorbell {
  readonly #backend: BellQueue;
  readonly #bells = new Map<string, Bell>();

  constructor(backend: BellQueue) {
    super();
    this.#backend = backend;
  }

  override ring(lane: Lane, slot = 0): Promise<void> {
    const id = `${lane}/${slot}`;
    const bell = this.#bells.get(id) ?? { last: 0, pending: undefined };
    this.#bells.set(id, bell);
    bell.pending ??= this.#ringAfter(Math.max(0, bell.last + QUIET - performance.now()), bell, lane, slot, id);
    return bell.pending;
  }

  async #ringAfter(wait: number, bell: Bell, lane: Lane, slot: number, id: string): Promise<void> {
    // Always a turn later: the caller stores this promise as the pending one first, and only then may it be cleared.
    await (wait > 0 ? new Promise((resolve) => setTimeout(resolve, wait)) : Promise.resolve());
    // From here on a new ring is needed for new work: this one may be answered before that work commits.
    bell.last = performance.now();
    bell.pending = undefined;
    await this.#backend.ring(id, { lane, slot });
    if (this.#bells.size > MAX_BELLS) this.#bells.clear();
  }
}
