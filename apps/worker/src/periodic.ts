/** Does something again and again until it is stopped, and never two at once. */

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

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true }); // prettier-ignore
  });
