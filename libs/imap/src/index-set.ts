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

  /** Falling. Octets without a mark are passed over as one. */
  *from(lowest: number): Generator<number, void> {
    const bits = this.#bits ?? new Uint8Array(0);
    for (let octet = bits.length - 1; octet >= lowest >>> 3; octet--) {
      const marks = bits[octet] ?? 0;
      if (marks === 0) continue;
      for (let bit = 7; bit >= 0; bit--) {
        const index = octet * 8 + bit;
        if (index >= lowest && (marks & (1 << bit)) !== 0) yield index;
      }
    }
  }

  clear(): void {
    this.#bits = undefined;
    this.#size = 0;
  }
}
