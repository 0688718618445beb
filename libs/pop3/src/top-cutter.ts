/** TOP: the header, the empty line behind it, and the first lines of the body. RFC 1939 7. */
import { Buffer } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;

/** One per TOP: push the message's chunks in order and send what it gives, until `done`. */
export class TopCutter {
  #left: number;
  #inHeader = true;
  /** Octets of the current line before this chunk, as far as it matters: nothing, a CR alone, more. */
  #line: 'empty' | 'cr' | 'text' = 'empty';
  #done = false;

  /** @param lines of the body wanted; 0 or more */
  constructor(lines: number) {
    this.#left = lines;
  }

  /** True when no further chunk can add anything. */
  get done(): boolean {
    return this.#done;
  }

  /** The part of the chunk that belongs to the answer: the chunk itself, its beginning, or nothing. */
  push(chunk: Buffer): Buffer {
    let start = 0;
    while (!this.#done) {
      const lf = chunk.indexOf(LF, start);
      if (lf === -1) {
        this.#remember(chunk.subarray(start));
        return chunk;
      }
      this.#lineEnd(this.#isEmpty(chunk.subarray(start, lf)));
      start = lf + 1;
    }
    return chunk.subarray(0, start);
  }

  #lineEnd(empty: boolean): void {
    this.#line = 'empty';
    if (!this.#inHeader) this.#left--;
    else if (empty) this.#inHeader = false;
    this.#done = !this.#inHeader && this.#left <= 0;
  }

  #isEmpty(tail: Buffer): boolean {
    if (this.#line === 'text') return false;
    return tail.length === 0 || (this.#line === 'empty' && tail.length === 1 && tail[0] === CR);
  }

  #remember(part: Buffer): void {
    if (part.length === 0) return;
    this.#line = this.#line === 'empty' && part.length === 1 && part[0] === CR ? 'cr' : 'text';
  }
}
