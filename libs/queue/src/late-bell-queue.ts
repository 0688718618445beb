import type { BellQueue, RingData } from './bell-backend.ts';

/**
 * A ringing end that is opened when it is first wanted: BullMQ is hundreds of modules, and mail is taken before they are read. A ring that cannot open
 * it rejects, as any ring that goes nowhere, and the next one tries again; meanwhile the sweeper does the work.
 */
export class LateBellQueue implements BellQueue {
  readonly #make: () => Promise<BellQueue>;
  #opened: Promise<BellQueue> | undefined;
  #isClosed = false;

  constructor(make: () => Promise<BellQueue>) {
    this.#make = make;
  }

  /** Opens it now. Never rejects: the next ring says why. */
  async open(): Promise<void> {
    await this.#get().catch(() => undefined);
  }

  async ring(id: string, data: RingData): Promise<void> {
    await (await this.#get()).ring(id, data);
  }

  /** For good: what rings afterwards rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#opened?.catch(() => undefined))?.close();
  }

  async #get(): Promise<BellQueue> {
    if (this.#isClosed) throw new Error('the bell is closed');
    this.#opened ??= this.#make().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}
