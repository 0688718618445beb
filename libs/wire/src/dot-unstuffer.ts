/** Incoming DATA: finds its end and takes the stuffed dots out. RFC 5321 4.1.1.4 and 4.5.2. */
import { Buffer } from 'node:buffer';

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const LINE_WITH_DOT = Buffer.from('\r\n.');
const NOTHING = Buffer.alloc(0);

export interface Unstuffed {
  /** Message octets, the CRLF of the last line included. May share memory with the chunk. */
  readonly octets: Buffer;
  /** What follows CRLF.CRLF once it was found: the next commands. The unstuffer is then ready for the next message. */
  readonly rest: Buffer | undefined;
}

/**
 * Only CRLF.CRLF ends the data (smuggling lives on anything laxer), at whatever octet the chunks are cut. A dot is taken from the
 * beginning of a line alone, and only a CRLF begins one. Bare CR and LF pass: refusing them is DataInspector's.
 */
export class DotUnstuffer {
  /** A dot at the beginning of a line, with or without a CR: the next chunk says what it is. */
  #held = NOTHING;
  /** What the last chunk ended with. The first octet of DATA begins a line. */
  #ended: 'line' | 'cr' | 'text' = 'line';

  push(chunk: Buffer): Unstuffed {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (data.length === 0) return { octets: NOTHING, rest: undefined };
    this.#held = NOTHING;
    const parts: Buffer[] = [];
    let from = 0; // the first octet that is not in `parts` yet
    let line = this.#firstLine(data);
    while (line !== -1 && line < data.length) {
      if (data[line] === DOT) {
        const end = data[line + 1] === CR && data[line + 2] === LF;
        const undecided = line + 1 === data.length || (data[line + 1] === CR && line + 2 === data.length);
        parts.push(data.subarray(from, line));
        if (end) return this.#finish(parts, data.subarray(line + 3));
        if (undecided) return this.#hold(parts, data.subarray(line));
        from = line + 1;
      }
      const next = data.indexOf(LINE_WITH_DOT, Math.max(from, line));
      line = next === -1 ? -1 : next + 2;
    }
    // The LF of a CRLF that was cut in two stands alone here.
    this.#ended = line === data.length ? 'line' : endOf(data);
    parts.push(from === 0 ? data : data.subarray(from));
    return { octets: join(parts), rest: undefined };
  }

  /** Where the first line of this data begins, if it begins at its first or second octet; -1 when that must be searched. */
  #firstLine(data: Buffer): number {
    if (this.#ended === 'line') return 0;
    if (this.#ended === 'cr' && data[0] === LF) return 1;
    const next = data.indexOf(LINE_WITH_DOT);
    return next === -1 ? -1 : next + 2;
  }

  #finish(parts: readonly Buffer[], rest: Buffer): Unstuffed {
    this.#ended = 'line';
    return { octets: join(parts), rest };
  }

  #hold(parts: readonly Buffer[], held: Buffer): Unstuffed {
    this.#held = Buffer.from(held); // the chunk is not ours to keep
    this.#ended = 'line';
    return { octets: join(parts), rest: undefined };
  }
}

function endOf(data: Buffer): 'line' | 'cr' | 'text' {
  const last = data[data.length - 1];
  if (last === CR) return 'cr';
  return last === LF && data[data.length - 2] === CR ? 'line' : 'text';
}

const join = (parts: readonly Buffer[]): Buffer => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
