/** Cuts a byte stream into command lines. Pulled, not pushed: a chunk may hold ten thousand of them, and each costs more memory than its octets. */
import { Buffer } from 'node:buffer';

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;

/** A line without its line end, or 'too-long' in the place of a line over the limit. */
export type Line = Buffer | 'too-long';

/**
 * Accepts CRLF and, for the sake of hand-typed and old clients, a bare LF as line end; never use it for message data.
 * Holds what was pushed until it is pulled; then nothing between lines, and at most about twice the limit while a line is incomplete.
 */
export class LineCutter {
  readonly #limit: number;
  #chunk: Buffer = EMPTY;
  #at = 0;
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

  /** More octets; those that are not pulled yet come first. */
  push(chunk: Buffer): void {
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
  }

  /** The next line; undefined until there are more octets. It may share memory with a chunk: use it before that is reused. */
  next(): Line | undefined {
    while (this.#at < this.#chunk.length) {
      const lf = this.#chunk.indexOf(LF, this.#at);
      const part = this.#chunk.subarray(this.#at, lf === -1 ? this.#chunk.length : lf);
      this.#at += lf === -1 ? part.length : part.length + 1;
      const line = lf === -1 ? this.#hold(part) : this.#complete(part);
      if (line !== undefined) return line;
    }
    this.#chunk = EMPTY;
    this.#at = 0;
    return undefined;
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

  /** Says so when the line in hand has just turned out to be too long. */
  #hold(part: Buffer): 'too-long' | undefined {
    if (this.#discarding) return undefined;
    const length = this.#length + part.length;
    // One octet over the limit may be the CR of the line end.
    if (length > this.#limit + 1 || (length === this.#limit + 1 && part.at(-1) !== CR)) {
      this.#discarding = true;
      return this.#drop();
    }
    this.#append(part);
    return undefined;
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
