/** Removes what nobody can reach any more, in small steps beside the mail. */
import type { Retention, RetentionStore } from '#domain';
import type { Log } from '#runtime';
import { Periodic } from './periodic.ts';

/** Milliseconds between two steps while there is more to do, and otherwise. */
const WHILE_MORE = 1_000;
const OTHERWISE = 60_000;

export class RetentionSweeper {
  readonly #store: RetentionStore;
  readonly #retention: Retention;
  readonly #log: Log;
  readonly #periodic = new Periodic(() => this.sweep());

  constructor(store: RetentionStore, retention: Retention, log: Log) {
    this.#store = store;
    this.#retention = retention;
    this.#log = log;
  }

  start(): void {
    this.#periodic.start();
  }

  stop(): Promise<void> {
    return this.#periodic.stop();
  }

  /** One step; gives the milliseconds until the next. */
  async sweep(): Promise<number> {
    try {
      const { more, ...swept } = await this.#store.sweep(this.#retention);
      if (Object.values(swept).some((count) => count > 0)) this.#log.info(swept, 'swept what nobody can reach');
      return more ? WHILE_MORE : OTHERWISE;
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'retention sweep failed; the next one tries again');
      return OTHERWISE;
    }
  }
}
