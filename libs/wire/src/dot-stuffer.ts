/** Outgoing multi-line data: RFC 5321 4.5.2 and RFC 1939 3. */
import { Buffer } from 'node:buffer';
import { LinePosition } from './line-position.ts';

const LF = 0x0a;
const DOT = 0x2e;
const LINE_STARTS_WITH_DOT = Buffer.from('\r\n.');
const EXTRA_DOT = Buffer.from('.');
const END = Buffer.from('.\r\n');
const END_AFTER_PARTIAL_LINE = Buffer.from('\r\n.\r\n');

/** One per message: push its chunks in order, cut anywhere, then send what end() gives. */
export class DotStuffer {
  readonly #position = new LinePosition();

  /** The chunk as it goes out; the same Buffer when no line in it starts with a dot. */
  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    const cuts = this.#cuts(chunk);
    this.#position.pass(chunk);
    if (cuts.length === 0) return chunk;
    const parts: Buffer[] = [];
    let start = 0;
    for (const cut of cuts) {
      parts.push(chunk.subarray(start, cut), EXTRA_DOT);
      start = cut;
    }
    parts.push(chunk.subarray(start));
    return Buffer.concat(parts, chunk.length + cuts.length);
  }

  /** The terminating line, preceded by a CRLF where the message did not end in one. */
  end(): Buffer {
    return this.#position.at === 'line-start' ? END : END_AFTER_PARTIAL_LINE;
  }

  /** Offsets of the dots to be doubled. */
  #cuts(chunk: Buffer): number[] {
    const cuts: number[] = [];
    const { at: start } = this.#position;
    if (start === 'line-start' && chunk[0] === DOT) cuts.push(0);
    if (start === 'cr' && chunk[0] === LF && chunk[1] === DOT) cuts.push(1);
    for (let at = chunk.indexOf(LINE_STARTS_WITH_DOT); at !== -1; at = chunk.indexOf(LINE_STARTS_WITH_DOT, at + 3)) {
      cuts.push(at + 2);
    }
    return cuts;
  }
}
