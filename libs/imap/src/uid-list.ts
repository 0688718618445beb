/** Slots kept free when a list grows by a little: arrivals come one by one. */
const SPARE = 4;

/** Rising UIDs in 4 octets each. Indexes count from 0. */
export class UidList {
  #slots: Uint32Array;
  #length: number;

  constructor(uids: Iterable<number>) {
    // A copy of octets, where one by one would be a stall for a large folder.
    this.#slots = uids instanceof Uint32Array ? uids.slice() : Uint32Array.from(uids);
    this.#length = this.#slots.length;
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number | undefined {
    return index < this.#length ? this.#slots[index] : undefined;
  }

  /** Must be higher than all before. Amortised O(1). */
  push(uid: number): void {
    if (this.#length === this.#slots.length) {
      const grown = new Uint32Array(this.#length + (this.#length >>> 3) + SPARE);
      grown.set(this.#slots);
      this.#slots = grown;
    }
    this.#slots[this.#length++] = uid;
  }

  /** Index of the first UID that is not below; the length where there is none. O(log n). */
  lowerBound(uid: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#slots[middle] ?? 0) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** -1 where it is not held. */
  indexOf(uid: number): number {
    const index = this.lowerBound(uid);
    return this.at(index) === uid ? index : -1;
  }

  /**
   * Gives back memory when half of it is free.
   * @param indexes falling, each once
   */
  remove(indexes: readonly number[]): void {
    let kept = indexes.at(-1) ?? this.#length;
    // What lies between two of them is moved as one.
    for (let at = indexes.length - 1; at >= 0; at--) {
      const from = (indexes[at] ?? 0) + 1;
      const to = at > 0 ? (indexes[at - 1] ?? 0) : this.#length;
      this.#slots.copyWithin(kept, from, to);
      kept += to - from;
    }
    this.#length = kept;
    if (kept + SPARE < this.#slots.length / 2) this.#slots = this.#slots.slice(0, kept);
  }

  slice(from: number, to: number): Uint32Array {
    return this.#slots.slice(from, Math.min(to, this.#length));
  }
}
