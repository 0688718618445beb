/** A set of small numbers, one bit each: what is marked among the messages of a folder. Empty it holds no memory. */
export class IndexSet {
  #bits: Uint8Array | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    return ((this.#bits?.[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** @param capacity numbers that may come: how much to allocate at once */
  add(index: number, capacity: number): void {
    if (this.has(index)) return;
    const needed = (Math.max(capacity, index + 1) + 7) >>> 3;
    if (this.#bits === undefined || this.#bits.length <= index >>> 3) {
      const grown = new Uint8Array(needed);
      if (this.#bits) grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[index >>> 3] = (this.#bits[index >>> 3] ?? 0) | (1 << (index & 7));
    this.#size++;
  }

  delete(index: number): void {
    if (this.#bits === undefined || !this.has(index)) return;
    this.#bits[index >>> 3] = (this.#bits[index >>> 3] ?? 0) & ~(1 << (index & 7));
    if (--this.#size === 0) this.#bits = undefined;
  }

  clear(): void {
    this.#bits = undefined;
    this.#size = 0;
  }
}
