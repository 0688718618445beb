/** Which lane does what: a ring names a lane, and the lane's own drain works until nothing is due. */
import { LANE_SLOTS, LOCAL_LANE, type Doorbell, type Lane } from '#domain';

/** Takes due work of its lane, batch by batch. */
export interface Drain {
  /** One batch; gives how many rows it claimed, and whether there may be more than it could take. */
  batch(lane: Lane): Promise<{ readonly claimed: number; readonly full: boolean }>;
}

export class Lanes {
  readonly #local: Drain;
  readonly #remote: Drain;
  readonly #doorbell: Doorbell;

  constructor(local: Drain, remote: Drain, doorbell: Doorbell) {
    this.#local = local;
    this.#remote = remote;
    this.#doorbell = doorbell;
  }

  /** Works until the lane is dry or the signal ends it; gives the number of rows. */
  async drain(lane: Lane, slot: number, signal?: AbortSignal): Promise<number> {
    const drain = lane === LOCAL_LANE ? this.#local : this.#remote;
    let total = 0;
    while (signal?.aborted !== true) {
      const { claimed, full } = await drain.batch(lane);
      if (claimed === 0) break;
      total += claimed;
      // A full batch: more than one drain can take at once, so another one may help.
      if (full && slot + 1 < LANE_SLOTS) this.#doorbell.ring(lane, slot + 1).catch(() => undefined);
    }
    return total;
  }
}
