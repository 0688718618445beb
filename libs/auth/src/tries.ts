/** Tries of this process: failures of the current window, and what is under way. The database's counters are read before a try and written after it. */
import { FAILURE_WINDOW, MAX_TRACKED_KEYS } from './limits.ts';

interface Window {
  failures: number;
  readonly until: number;
}

interface UnderWay {
  tries: number;
  /** Resolves when one of them has ended. */
  readonly ended: PromiseWithResolvers<void>;
}

/**
 * Counts a try from before it is made, so that a thousand guesses at once, none of them in the database yet, are still a few.
 * Where tries under way may yet turn out right, further ones wait for them: a hundred colleagues behind one address are no attack.
 */
export class Tries {
  readonly #windows = new Map<string, Window>();
  readonly #underWay = new Map<string, UnderWay>();
  readonly #now: () => number;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes one try of each key, or of none: `used-up` where a key has failed so often, a promise where it depends on tries under way. */
  take(limits: ReadonlyMap<string, number>): 'taken' | 'used-up' | Promise<void> {
    let wait: Promise<void> | undefined;
    for (const [key, limit] of limits) {
      const failures = this.#current(key)?.failures ?? 0;
      if (failures >= limit) return 'used-up';
      const underWay = this.#underWay.get(key);
      if (underWay && failures + underWay.tries >= limit) wait = underWay.ended.promise;
    }
    if (wait) return wait;
    for (const key of limits.keys()) this.#begin(key);
    return 'taken';
  }

  /** What was taken has ended. */
  end(keys: Iterable<string>, how: 'failed' | 'not counted'): void {
    for (const key of keys) {
      if (how === 'failed') this.#fail(key);
      const underWay = this.#underWay.get(key);
      if (!underWay) continue;
      const { tries, ended } = underWay;
      if (tries === 1) this.#underWay.delete(key);
      else this.#underWay.set(key, { tries: tries - 1, ended: Promise.withResolvers() });
      ended.resolve();
    }
  }

  forget(key: string): void {
    this.#windows.delete(key);
  }

  /** With those that count the same account in other networks, whose keys begin with this one. Undefined: all. */
  forgetAll(key: string | undefined): void {
    if (key === undefined) return this.#windows.clear();
    for (const one of this.#windows.keys()) if (one === key || one.startsWith(`${key} `)) this.#windows.delete(one);
  }

  #begin(key: string): void {
    const underWay = this.#underWay.get(key);
    if (underWay) underWay.tries++;
    else this.#underWay.set(key, { tries: 1, ended: Promise.withResolvers() });
  }

  #fail(key: string): void {
    const window = this.#current(key);
    if (window) {
      window.failures++;
      return;
    }
    this.#windows.set(key, { failures: 1, until: this.#now() + FAILURE_WINDOW * 1000 });
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
