import { setImmediate as othersTurn } from 'node:timers/promises';
import { TURN_MS } from './limits.ts';

/** Long work of one session in turns, so that others are served in between. */
export class Turns {
  #ends = performance.now() + TURN_MS;

  /** A promise where it is the others' turn: wait for it, then go on. */
  over(): Promise<void> | undefined {
    return performance.now() < this.#ends ? undefined : this.#next();
  }

  async #next(): Promise<void> {
    await othersTurn();
    this.#ends = performance.now() + TURN_MS;
  }
}
