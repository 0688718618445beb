/** Cuts a byte stream into command lines, synchronously: whatever a chunk completes is returned at once. */
import { Buffer } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;

/** A line without its line end, or 'too-long' in the place of a line over the limit. */
export type Line = Buffer | 'too-long';

/**
 * Accepts CRLF and, for the sake of hand-typed and old clients, a bare LF as line end; never use it for message data.
 * Holds nothing between lines, and at most about twice the limit while a line is incomplete.
 */
export class LineCutter {
  readonly #limit: number;
  #held: Buffer | undefined;
  #length = 0;
  #discarding = false;

  /** @param limit octets of the longest line accepted, its line end not counted */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True while an incomplete line waits for its end. */
  get pending(): boolean {
    return this.#length > 0 || this.#discarding;
  }

  /** The lines that this chunk completes, in order. They may share memory with the chunk: use them before it is reused. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let lf = chunk.indexOf(LF); lf !== -1; lf = chunk.indexOf(LF, start)) {
      const line = this.#complete(chunk.subarray(start, lf));
      if (line) lines.push(line);
      start = lf + 1;
    }
    if (start < chunk.length && this.#hold(chunk.subarray(start))) lines.push('too-long');
    return lines;
  }

  /** Undefined for the tail of a line that was already reported. */
  #complete(tail: Buffer): Line | undefined {
    if (this.#discarding) {
      this.#discarding = false;
      return undefined;
    }
    let line = tail;
    if (this.#length > 0) {
      if (this.#length + tail.length > this.#limit + 1) return this.#drop();
      this.#append(tail);
      line = this.#held?.subarray(0, this.#length) ?? tail;
      this.#drop();
    }
    const end = line.at(-1) === CR ? line.length - 1 : line.length;
    return end > this.#limit ? 'too-long' : line.subarray(0, end);
  }

  /** True when the line in hand has just turned out to be too long. */
  #hold(part: Buffer): boolean {
    if (this.#discarding) return false;
    const length = this.#length + part.length;
    // One octet over the limit may be the CR of the line end.
    if (length > this.#limit + 1 || (length === this.#limit + 1 && part.at(-1) !== CR)) {
      this.#drop();
      this.#discarding = true;
      return true;
    }
    this.#append(part);
    return false;
  }

  // Grows by doubling: a client that sends octet by octet costs linear, not quadratic, work.
  #append(part: Buffer): void {
    const length = this.#length + part.length;
    if (!this.#held || this.#held.length < length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(64, length, Math.min(2 * length, this.#limit + 1)));
      this.#held?.copy(grown, 0, 0, this.#length);
      this.#held = grown;
    }
    part.copy(this.#held, this.#length);
    this.#length = length;
  }

  #drop(): 'too-long' {
    this.#held = undefined;
    this.#length = 0;
    return 'too-long';
  }
}
