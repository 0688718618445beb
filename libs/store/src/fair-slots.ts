/** A bounded number of slots that keys (tenants) take in turns: one that asks for many has some of them at most, and waits for itself. */
export class FairSlots<Key> {
  #free: number;
  readonly #perKey: number;
  readonly #busy = new Map<Key, number>();
  /** Keys in the order of their turns; each has somebody waiting. */
  readonly #waiting = new Map<Key, (() => void)[]>();

  /** @param perKey slots that one key may have at a time */
  constructor(slots: number, perKey: number) {
    this.#free = slots;
    this.#perKey = perKey;
  }

  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    await this.#take(key);
    try {
      return await work();
    } finally {
      this.#give(key);
    }
  }

  #take(key: Key): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#waiting.get(key);
      if (others) others.push(resolve);
      else this.#waiting.set(key, [resolve]);
      this.#next();
    });
  }

  #give(key: Key): void {
    this.#free++;
    const busy = (this.#busy.get(key) ?? 1) - 1;
    if (busy > 0) this.#busy.set(key, busy);
    else this.#busy.delete(key);
    this.#next();
  }

  #next(): void {
    if (this.#free === 0) return;
    for (const [key, those] of this.#waiting) {
      const busy = this.#busy.get(key) ?? 0;
      if (busy >= this.#perKey) continue;
      const [first] = those.splice(0, 1);
      // Its next turn comes after all others'.
      this.#waiting.delete(key);
      if (those.length > 0) this.#waiting.set(key, those);
      this.#free--;
      this.#busy.set(key, busy + 1);
      first?.();
      return;
    }
  }
}
