/** Line ends of a message from a client that keeps lines as its own machine does: RFC 5322 2.3 knows CRLF alone. */
import { Buffer } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;
const MISSING_CR = Buffer.from('\r');

/** One per message: push its chunks in order, cut anywhere. A CR without LF ends no line, and stays what it is. */
export class CrlfEnds {
  #behindCr = false;

  /** The chunk with a CR before each bare LF; the same Buffer where there is none. */
  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    const parts: Buffer[] = [];
    let start = 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) {
      const behindCr = at === 0 ? this.#behindCr : chunk[at - 1] === CR;
      if (behindCr) continue;
      parts.push(chunk.subarray(start, at), MISSING_CR);
      start = at;
    }
    this.#behindCr = chunk.at(-1) === CR;
    if (parts.length === 0) return chunk;
    parts.push(chunk.subarray(start));
    return Buffer.concat(parts);
  }
}
