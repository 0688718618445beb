/** Does something again and again until it is stopped, and never two at once. */
import { setTimeout } from 'node:timers/promises';

export class Periodic {
  readonly #work: (signal: AbortSignal) => Promise<number>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  /** @param work one round; gives the milliseconds until the next, and never rejects */
  constructor(work: (signal: AbortSignal) => Promise<number>) {
    this.#work = work;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Waits for the round in hand. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) await pause(await this.#work(signal), signal);
  }
}

/** The signal outlives thousands of pauses: each leaves nothing behind on it. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
