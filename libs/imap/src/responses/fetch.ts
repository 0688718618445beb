/** FETCH responses. RFC 3501 7.4.2 */
import { encodeFlags } from '../flags.ts';
import { encodeLiteral, encodeNstring, literalPrefix } from './strings.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Collects the items of one FETCH response as text; literals that lie elsewhere are announced and sent by the caller. */
export class FetchResponse {
  #text: string;
  #empty = true;
  #begun = false;

  constructor(seq: number) {
    this.#text = `* ${seq} FETCH (`;
  }

  /** A part of it was taken: from here on it must be completed. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Bits of FLAG_BIT, `recent` among them. */
  flags(bits: number, keywords: readonly string[] = []): this {
    return this.item('FLAGS', encodeFlags(bits, keywords));
  }

  uid(uid: number): this {
    return this.item('UID', String(uid));
  }

  /** Octets as the client would get them by BODY[]. */
  size(octets: number): this {
    return this.item('RFC822.SIZE', String(octets));
  }

  internalDate(date: Date): this {
    return this.item('INTERNALDATE', encodeInternalDate(date));
  }

  /** A value that is in wire form already: ENVELOPE, BODY, BODYSTRUCTURE as stored. */
  item(name: string, encoded: string): this {
    this.#text += `${this.#empty ? '' : ' '}${name} ${encoded}`;
    this.#empty = false;
    return this;
  }

  /** A section that is at hand (latin1-decoded octets), as a literal; null: there is none (NIL). */
  section(name: string, octets: string | null): this {
    return this.item(name, octets === null ? encodeNstring(null) : encodeLiteral(octets));
  }

  /** Announces a literal of `octets` octets; the caller sends `take()`, then the octets, and goes on. */
  literal(name: string, octets: number): this {
    return this.item(name, literalPrefix(octets));
  }

  /** What has been built so far; building goes on behind it. */
  take(): string {
    const text = this.#text;
    this.#text = '';
    this.#begun = true;
    return text;
  }

  /** The rest, with the closing parenthesis and CRLF. */
  end(): string {
    return `${this.take()})\r\n`;
  }
}

/** `"17-Jul-1996 02:44:25 +0000"` in UTC, the day padded with a space. RFC 3501 9 (date-time) */
export function encodeInternalDate(date: Date): string {
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  return `"${day}-${MONTHS[date.getUTCMonth()]}-${year} ${time.map((part) => String(part).padStart(2, '0')).join(':')} +0000"`;
}

/** One FETCH of flags alone, with the UID where UID STORE wants it: what STORE and other sessions' changes send. */
export function encodeFetchFlags(seq: number, bits: number, keywords: readonly string[] = [], uid?: number): string {
  return `* ${seq} FETCH (${uid === undefined ? '' : `UID ${uid} `}FLAGS ${encodeFlags(bits, keywords)})\r\n`;
}
