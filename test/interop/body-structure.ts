/** A strict reader of BODYSTRUCTURE and ENVELOPE: what RFC 3501 9 allows and nothing else, so that no client stumbles. */
import type { ImapResponse } from './imap-talk.ts';

/** A part that holds no others. */
export interface Leaf {
  /** As FETCH wants it: `1.2`. */
  readonly section: string;
  /** As announced. */
  readonly octets: number;
}

export interface Description {
  readonly number: number;
  readonly leaves: readonly Leaf[];
}

/** The answer to `FETCH n (ENVELOPE BODYSTRUCTURE)`. Throws where it is not as the grammar has it. */
export function readDescription(response: ImapResponse): Description {
  const reader = new Reader(response);
  reader.expect('* ');
  const number = reader.number();
  reader.expect(' FETCH (ENVELOPE ');
  reader.envelope();
  reader.expect(' BODYSTRUCTURE ');
  reader.body([]);
  reader.expect(')');
  reader.end();
  return { number, leaves: reader.leaves };
}

class Reader {
  readonly leaves: Leaf[] = [];
  readonly #text: string;
  readonly #literals: readonly Buffer[];
  #at = 0;
  #literal = 0;

  constructor({ text, literals }: ImapResponse) {
    this.#text = text;
    this.#literals = literals;
  }

  expect(text: string): void {
    if (!this.#accept(text)) this.#fail(text);
  }

  end(): void {
    if (this.#at < this.#text.length || this.#literal < this.#literals.length) this.#fail('the end');
  }

  number(): number {
    const digits = this.#match(/\d{1,10}/y);
    return digits === undefined ? this.#fail('a number') : Number(digits);
  }

  envelope(): void {
    this.expect('(');
    this.#nstrings(2);
    for (let lists = 0; lists < 6; lists++) {
      this.expect(' ');
      this.#addresses();
    }
    this.expect(' ');
    this.#nstrings(2);
    this.expect(')');
  }

  /** @param path of the multipart it is a part of, or of the message that holds it; RFC 3501 6.4.5 */
  body(path: readonly number[], number = 1): void {
    this.expect('(');
    if (this.#text[this.#at] === '(') this.#multipart(path);
    else this.#onePart([...path, number]);
    this.expect(')');
  }

  #multipart(path: readonly number[]): void {
    for (let part = 1; this.#text[this.#at] === '('; part++) {
      // A multipart in a multipart has a number, the outermost of a message has none.
      const isNested = this.#text.startsWith('((', this.#at);
      this.body(isNested ? [...path, part] : path, part);
    }
    this.expect(' ');
    this.#string();
    this.expect(' ');
    this.#parameters();
    this.#extensions();
  }

  #onePart(path: readonly number[]): void {
    const type = this.#string().toLowerCase();
    this.expect(' ');
    const subtype = this.#string().toLowerCase();
    this.expect(' ');
    this.#parameters();
    this.expect(' ');
    this.#nstrings(2);
    this.expect(' ');
    this.#string();
    this.expect(' ');
    this.leaves.push({ section: path.join('.'), octets: this.number() });
    if (type === 'message' && subtype === 'rfc822') {
      this.expect(' ');
      this.envelope();
      this.expect(' ');
      this.body(path);
    }
    if (type === 'text' || (type === 'message' && subtype === 'rfc822')) {
      this.expect(' ');
      this.number();
    }
    this.expect(' ');
    this.#nstrings(1);
    this.#extensions();
  }

  /** Disposition, language, location. */
  #extensions(): void {
    this.expect(' ');
    if (!this.#accept('NIL')) {
      this.expect('(');
      this.#string();
      this.expect(' ');
      this.#parameters();
      this.expect(')');
    }
    this.expect(' ');
    if (this.#accept('(')) {
      do this.#string();
      while (this.#accept(' '));
      this.expect(')');
    } else this.#nstrings(1);
    this.expect(' ');
    this.#nstrings(1);
  }

  #parameters(): void {
    if (this.#accept('NIL')) return;
    this.expect('(');
    do {
      this.#string();
      this.expect(' ');
      this.#string();
    } while (this.#accept(' '));
    this.expect(')');
  }

  #addresses(): void {
    if (this.#accept('NIL')) return;
    this.expect('(');
    do {
      this.expect('(');
      this.#nstrings(4);
      this.expect(')');
    } while (this.#text[this.#at] === '(');
    this.expect(')');
  }

  /** So many, one space between them. */
  #nstrings(count: number): void {
    for (let left = count; left > 0; left--) {
      if (!this.#accept('NIL')) this.#string();
      if (left > 1) this.expect(' ');
    }
  }

  /** Quoted, of 7-bit TEXT-CHARs; or a literal without NUL. */
  #string(): string {
    const quoted = this.#match(/"(?:[^"\\\r\n]|\\["\\])*"/y);
    if (quoted !== undefined) {
      if (!Buffer.from(quoted, 'latin1').every((octet) => octet > 0 && octet < 0x80)) this.#fail('7-bit text');
      return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
    }
    const size = this.#match(/\{\d{1,10}\}/y);
    const literal = this.#literals[this.#literal++];
    if (size !== `{${literal?.length}}` || !literal || literal.includes(0)) return this.#fail('a string');
    return literal.toString('latin1');
  }

  #accept(text: string): boolean {
    const isThere = this.#text.startsWith(text, this.#at);
    if (isThere) this.#at += text.length;
    return isThere;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(wanted: string): never {
    throw new Error(`expected ${wanted} at ${JSON.stringify(this.#text.slice(this.#at, this.#at + 60))}`);
  }
}
