/** A message that is to get fields on top: where it begins with its body, they must be told apart from it. */
import { Buffer } from 'node:buffer';
import { fieldColon, isMboxLine } from './field-name.ts';

const LF = 0x0a;
const CR = 0x0d;
const EMPTY_LINE = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

/** Octets that may leave it open: an mbox line, and a field name that fills its line, both as long as RFC 5322 2.1.1 has lines; longer ones are text. */
const MAX_UNDECIDED = 2_000;

/**
 * Puts an empty line in front of a message whose first line is no header field: without it readers take the text for more header, or
 * for the rest of our last field where it begins with white space. Everything else passes as it is, and so does an mbox line with a
 * header behind it: readers pass over it. One per message.
 */
export class HeaderStart {
  #held: Buffer | undefined = NOTHING;

  /** Takes the next chunk, cut anywhere; returns what can go on, perhaps nothing yet. */
  push(chunk: Buffer): Buffer {
    if (!this.#held) return chunk;
    const octets = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const isHeader = beginsWithHeader(octets);
    if (isHeader === undefined && octets.length <= MAX_UNDECIDED) {
      this.#held = octets === chunk ? Buffer.from(chunk) : octets; // the chunk is not ours to keep
      return NOTHING;
    }
    this.#held = undefined;
    return isHeader ? octets : Buffer.concat([EMPTY_LINE, octets]);
  }

  /** Behind the last chunk: what is left. A message without octets stays one. */
  end(): Buffer {
    const held = this.#held ?? NOTHING;
    this.#held = undefined;
    return held.length === 0 ? held : Buffer.concat([EMPTY_LINE, held]);
  }
}

/** Undefined: so few octets do not tell. */
function beginsWithHeader(octets: Buffer): boolean | undefined {
  if (octets[0] === CR) return true; // the empty line itself
  const colon = fieldColon(octets);
  if (colon !== -1 || !isMboxLine(octets)) return colon === undefined ? undefined : colon !== -1;
  const end = octets.indexOf(LF);
  const next = end === -1 ? undefined : fieldColon(octets, end + 1);
  return next === undefined ? undefined : next !== -1;
}
