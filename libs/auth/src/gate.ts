import { availableParallelism } from 'node:os';
import { MAX_HASHING_THREADS, MAX_WAITING_HASHES } from './limits.ts';

/** Too many passwords wait to be hashed: a fault of ours, to be answered "try later". */
export class LoginsBusy extends Error {
  override readonly name = 'LoginsBusy';
}

/** Lets `limit` tasks run at once and `waiting` wait, first come, first served. */
export class Gate {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running++;
    else if (this.#waiting.length >= this.#maxWaiting) throw new LoginsBusy('too many logins at once');
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The place goes straight to the next one, so that a newcomer cannot slip in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

/** For passwords; a process has one, whatever it runs: they share the thread pool. */
export class HashingGate extends Gate {
  constructor() {
    super(Math.min(availableParallelism(), MAX_HASHING_THREADS), MAX_WAITING_HASHES);
  }
}
