/** Long work of sessions in turns of TURN_MS, one turn in each round of the event loop, however many sessions have long work. */
import type { Steps } from '#imap';
import { TURN_MS } from './limits.ts';

export class Turns {
  /** Of `performance.now()`: when the turn of this round ends. Undefined: nobody has had it yet. */
  #ends: number | undefined;
  /** Who comes next; a set keeps the order and forgets its first without moving the others. */
  readonly #waiting = new Set<() => void>();

  /** A promise where it is the others' turn: wait for it, then go on. To be asked every millisecond or so of long work. */
  over(): Promise<void> | undefined {
    this.#ends ??= this.#begin();
    if (performance.now() < this.#ends) return undefined;
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Does all of it; a promise where others have their turn before it is done. */
  run<Result>(steps: Steps<Result>): Result | Promise<Result> {
    for (;;) {
      const others = this.over();
      if (others) return others.then(() => this.run(steps));
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  #begin(): number {
    setImmediate(() => this.#nextRound());
    return performance.now() + TURN_MS;
  }

  #nextRound(): void {
    this.#ends = undefined;
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next);
    this.#ends = this.#begin();
    next();
  }
}
