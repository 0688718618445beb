/** Connections over a cap, in the log with the address they came from: a few lines a minute, however many are refused. */
import { visible } from '#domain';
import type { Log } from './log.ts';

/** Lines a minute of one listener; what is beyond is counted, and said with the next line. */
export const MAX_REFUSED_LINES = 20;
const MINUTE_MS = 60_000;

export class RefusedLog {
  readonly #log: Log;
  readonly #protocol: string;
  readonly #now: () => number;
  #until = 0;
  #lines = 0;
  #unsaid = 0;

  /** @param now milliseconds */
  constructor(log: Log, protocol: string, now: () => number = Date.now) {
    this.#log = log;
    this.#protocol = protocol;
    this.#now = now;
  }

  note(remote: string, why: string): void {
    const now = this.#now();
    if (now >= this.#until) {
      this.#until = now + MINUTE_MS;
      this.#lines = 0;
    }
    if (this.#lines >= MAX_REFUSED_LINES) {
      this.#unsaid += 1;
      return;
    }
    this.#lines += 1;
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    this.#log.warn(
      { protocol: this.#protocol, remote: visible(remote), why, ...(unsaid > 0 && { unsaid }) },
      'connection refused',
    );
  }
}
