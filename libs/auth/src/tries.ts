/** Tries of this process in the current window. The database's counters are read before a try and written after it. */
import { FAILURE_WINDOW, MAX_TRACKED_KEYS } from './limits.ts';

interface Window {
  count: number;
  readonly until: number;
}

/**
 * Counts a try from before it is made, so that a thousand guesses at once, none of them in the database yet, are still a few.
 * A try that turns out right is given back.
 */
export class Tries {
  readonly #windows = new Map<string, Window>();
  readonly #now: () => number;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes one try of each key, or of none: false when a key has used up its own. */
  take(limits: ReadonlyMap<string, number>): boolean {
    for (const [key, limit] of limits) if ((this.#current(key)?.count ?? 0) >= limit) return false;
    for (const key of limits.keys()) this.#add(key);
    return true;
  }

  giveBack(keys: Iterable<string>): void {
    for (const key of keys) {
      const window = this.#current(key);
      if (window && window.count > 0) window.count--;
    }
  }

  forget(key: string): void {
    this.#windows.delete(key);
  }

  #add(key: string): void {
    const window = this.#current(key);
    if (window) {
      window.count++;
      return;
    }
    this.#windows.set(key, { count: 1, until: this.#now() + FAILURE_WINDOW * 1000 });
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MAX_TRACKED_KEYS && oldest !== undefined) this.#windows.delete(oldest);
  }

  #current(key: string): Window | undefined {
    const window = this.#windows.get(key);
    if (window && window.until > this.#now()) return window;
    if (window) this.#windows.delete(key);
    return undefined;
  }
}
