/** Which lane does what: a ring names a lane, and the lane's own drain works until nothing is due. */
import { LANE_SLOTS, laneKind, type Doorbell, type Lane, type LaneKind } from '#domain';

/** Takes due work of its lane, batch by batch. */
export interface Drain {
  /** One batch; gives how many rows it claimed, and whether more were due than it could take. */
  batch(lane: Lane): Promise<{ readonly claimed: number; readonly more: boolean }>;
}

export class Lanes {
  readonly #drains: Readonly<Record<LaneKind, Drain>>;
  readonly #doorbell: Doorbell;

  constructor(drains: Readonly<Record<LaneKind, Drain>>, doorbell: Doorbell) {
    this.#drains = drains;
    this.#doorbell = doorbell;
  }

  /**
   * Works until a batch takes all that is due, or the signal ends it; gives the number of rows. What comes later has a ring of its
   * own, so that under load rows gather between two rings instead of being delivered one by one.
   */
  async drain(lane: Lane, slot: number, signal?: AbortSignal): Promise<number> {
    const drain = this.#drains[laneKind(lane)];
    let total = 0;
    while (signal?.aborted !== true) {
      const { claimed, more } = await drain.batch(lane);
      total += claimed;
      if (!more) break;
      // More than one drain can take at once: another process may help.
      if (slot + 1 < LANE_SLOTS) this.#doorbell.ring(lane, slot + 1).catch(() => undefined);
    }
    return total;
  }
}
