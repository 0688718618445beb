import { availableParallelism } from 'node:os';
import { FairTurns, type Turn } from './fair-turns.ts';
import { DEFAULT_THREAD_POOL, MAX_LOGIN_WAIT, MAX_WAITING_LOGINS, SPARE_THREADS } from './limits.ts';

/** Too many passwords wait to be hashed, or one has waited too long: a fault of ours, to be answered "try later". */
export class LoginsBusy extends Error {
  override readonly name = 'LoginsBusy';
}

/** Whoever asked does not wait for the answer any more. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** `leaving`: the client has closed its end; it may still read an answer, or nobody may be there. */
export type Presence = 'here' | 'leaving' | 'gone';

export interface Candidate extends Turn {
  /** Asked when its turn comes. */
  presence(): Presence;
  /** Aborts when nobody waits for the answer any more: the place in the queue is free at once. */
  readonly gone?: AbortSignal | undefined;
}

interface Waiting extends Candidate {
  readonly until: number;
  readonly leave: () => void;
  /** Undefined: go on. */
  settle(fault?: Error): void;
}

export interface GateOptions {
  /** Tasks at once. */
  readonly limit: number;
  readonly maxWaiting?: number;
  /** Seconds. */
  readonly patience?: number;
  /** Milliseconds. */
  readonly now?: () => number;
}

/**
 * Lets so many tasks run at once; the others wait for a turn that is fair between networks and accounts. Those who have left lose theirs, and
 * those who seem to be leaving have theirs behind all others.
 */
export class Gate {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #patience: number;
  readonly #now: () => number;
  readonly #turns = new FairTurns<Waiting>();
  readonly #late = new FairTurns<Waiting>();
  /** In order of arrival, so that the first one's patience ends first. */
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ limit, maxWaiting = MAX_WAITING_LOGINS, patience = MAX_LOGIN_WAIT, now = Date.now }: GateOptions) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
    this.#patience = patience * 1_000;
    this.#now = now;
  }

  /** Who waits now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Throws LoginsBusy or ClientGone instead of running the task. */
  async run<T>(candidate: Candidate, task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running++;
    else await this.#wait(candidate);
    try {
      return await task();
    } finally {
      // The place goes straight to the next one, so that a newcomer cannot slip in between.
      const next = this.#next();
      if (next) this.#settle(next);
      else this.#running--;
    }
  }

  #wait(candidate: Candidate): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) throw new LoginsBusy('too many logins at once');
    const { network, account, gone } = candidate;
    if (gone?.aborted === true) throw new ClientGone('the client has gone');
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        network,
        account,
        presence: () => candidate.presence(),
        gone,
        leave: () => this.#settle(waiting, new ClientGone('the client has gone')),
        until: this.#now() + this.#patience,
        settle: (fault) => (fault ? reject(fault) : resolve()),
      };
      this.#waiting.add(waiting);
      this.#turns.add(waiting);
      gone?.addEventListener('abort', waiting.leave, { once: true });
      if (!this.#timer) this.#timer = setTimeout(() => this.#expire(), this.#patience).unref();
    });
  }

  #next(): Waiting | undefined {
    for (let next = this.#turns.next(); next; next = this.#turns.next()) {
      if (!this.#isThere(next)) continue;
      if (next.presence() === 'here') return next;
      this.#late.add(next);
    }
    for (let next = this.#late.next(); next; next = this.#late.next()) if (this.#isThere(next)) return next;
    return undefined;
  }

  #isThere(waiting: Waiting): boolean {
    if (waiting.presence() !== 'gone') return true;
    this.#settle(waiting, new ClientGone('the client has gone'));
    return false;
  }

  #settle(waiting: Waiting, fault?: Error): void {
    this.#waiting.delete(waiting);
    this.#turns.delete(waiting);
    this.#late.delete(waiting);
    waiting.gone?.removeEventListener('abort', waiting.leave);
    waiting.settle(fault);
  }

  #expire(): void {
    const now = this.#now();
    this.#timer = undefined;
    for (const waiting of this.#waiting) {
      if (waiting.until > now) {
        this.#timer = setTimeout(() => this.#expire(), waiting.until - now).unref();
        return;
      }
      this.#settle(waiting, new LoginsBusy(`no turn within ${this.#patience / 1_000} s`));
    }
  }
}

/** One for each core, as far as the thread pool goes. */
export const hashesAtOnce = (cores: number, threadPool: number): number =>
  Math.max(1, Math.min(cores, threadPool - SPARE_THREADS));

/** For passwords; a process has one, whatever it runs: they share the thread pool. */
export class HashingGate extends Gate {
  constructor(threadPool = DEFAULT_THREAD_POOL) {
    super({ limit: hashesAtOnce(availableParallelism(), threadPool) });
  }
}
