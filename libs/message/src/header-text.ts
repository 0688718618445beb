const FIRST_OCTETS = 4 * 1024;

/** Keeps the text of a header that more than one chunk brings, up to a limit. Copies, so that no chunk is held. */
export class HeaderText {
  #kept: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(octets: Buffer, limit: number): void {
    const more = Math.min(octets.length, limit - this.#length);
    if (more <= 0) return;
    if (this.#length + more > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_OCTETS, 2 * (this.#length + more)));
      this.#kept.copy(larger, 0, 0, this.#length);
      this.#kept = larger;
    }
    octets.copy(this.#kept, this.#length, 0, more);
    this.#length += more;
  }

  /** The first `length` octets of what was kept; valid until the next append. */
  take(length: number): Buffer {
    const text = this.#kept.subarray(0, Math.min(length, this.#length));
    this.#length = 0;
    return text;
  }
}
