/**
 * Reads one framed command: `atom()` tries, returns undefined and does not move; `expectAtom()` insists and throws SyntaxFault.
 * Methods bear the names of RFC 3501 9. Text comes out as latin1, one character an octet; `text.ts` makes Unicode of it.
 */
import type { Buffer } from 'node:buffer';
import { MAX_TAG } from './limits.ts';
import * as octet from './octets.ts';
import { LimitFault, SyntaxFault } from './syntax-fault.ts';

const MAX_NUMBER = 4_294_967_295;
const MAX_DIGITS = 10;

export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  /** @param bytes a command as the framer cuts it: no line end behind it, literals in it */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The next octet, 0 at the end: NUL is nowhere in the grammar. */
  get peek(): number {
    return this.#at < this.#bytes.length ? (this.#bytes[this.#at] ?? 0) : 0;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  expectEnd(): void {
    if (!this.atEnd) this.fail('end of command');
  }

  fail(expected: string): never {
    throw new SyntaxFault(expected, this.#at);
  }

  /** For what is in the grammar and more than is done for one command. */
  over(limit: string): never {
    throw new LimitFault(limit, this.#at);
  }

  take(what: number): boolean {
    if (this.peek !== what) return false;
    this.#at++;
    return true;
  }

  expect(what: number): void {
    if (!this.take(what)) this.fail(`"${String.fromCharCode(what)}"`);
  }

  sp(): boolean {
    return this.take(octet.SP);
  }

  expectSP(): void {
    if (!this.sp()) this.fail('space');
  }

  tag(): string | undefined {
    const from = this.#at;
    const tag = this.#run(octet.TAG);
    if (tag !== undefined && tag.length <= MAX_TAG && this.peek === octet.SP) return tag;
    this.#at = from;
    return undefined;
  }

  atom(): string | undefined {
    return this.#run(octet.ATOM);
  }

  expectAtom(what = 'atom'): string {
    return this.atom() ?? this.fail(what);
  }

  /** A word that the grammar spells out, in capitals: letters, digits and dots. */
  word(): string | undefined {
    return this.#run(octet.ITEM)?.toUpperCase();
  }

  /** Takes `word` only when the next word is exactly that; `word` in capitals. */
  takeWord(word: string): boolean {
    const from = this.#at;
    if (this.word() === word) return true;
    this.#at = from;
    return false;
  }

  astring(): string | undefined {
    return this.string() ?? this.#run(octet.ASTRING);
  }

  expectAstring(what = 'string'): string {
    return this.astring() ?? this.fail(what);
  }

  /** list-mailbox: wildcards may stand in it unquoted. */
  expectListMailbox(): string {
    return this.string() ?? this.#run(octet.LIST) ?? this.fail('pattern');
  }

  string(): string | undefined {
    return this.quoted() ?? this.literal();
  }

  expectString(): string {
    return this.string() ?? this.fail('string');
  }

  /** Octets over 127 are let through: clients put UTF-8 here, against the grammar. */
  quoted(): string | undefined {
    if (this.peek !== octet.DQUOTE) return undefined;
    const bytes = this.#bytes;
    const from = this.#at + 1;
    let escaped = false;
    let at = from;
    for (; at < bytes.length && bytes[at] !== octet.DQUOTE; at++) {
      const current = bytes[at] ?? 0;
      if (current === 0 || current === octet.CR || current === octet.LF) this.#failAt('closing quote', at);
      if (current !== octet.BACKSLASH) continue;
      escaped = true;
      const next = bytes[++at];
      if (next !== octet.DQUOTE && next !== octet.BACKSLASH) this.#failAt('quoted special', at);
    }
    if (at >= bytes.length) this.#failAt('closing quote', at);
    this.#at = at + 1;
    const text = bytes.toString('latin1', from, at);
    return escaped ? unescape(text) : text;
  }

  literal(): string | undefined {
    if (this.peek !== octet.BRACE_OPEN) return undefined;
    const size = this.#literalSize();
    this.take(octet.CR);
    this.expect(octet.LF);
    const end = this.#at + size;
    if (end > this.#bytes.length) this.fail(`literal of ${size} octets`);
    const nul = this.#bytes.subarray(this.#at, end).indexOf(0);
    // RFC 3501 9: CHAR8 is any octet but NUL.
    if (nul !== -1) this.#failAt('octet other than NUL', this.#at + nul);
    const text = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end;
    return text;
  }

  /** The announcement of APPEND's message, which ends the framed command. */
  expectFinalLiteral(): number {
    if (this.peek !== octet.BRACE_OPEN) this.fail('literal');
    const size = this.#literalSize();
    this.expectEnd();
    return size;
  }

  nstring(): string | null {
    return this.string() ?? (this.takeWord('NIL') ? null : this.fail('string or NIL'));
  }

  /** 32 bits: RFC 3501 4.2. */
  number(): number | undefined {
    if (!octet.DIGIT[this.peek]) return undefined;
    let value = 0;
    for (let digits = 0; octet.DIGIT[this.peek]; digits++) {
      value = value * 10 + this.peek - 0x30;
      if (digits >= MAX_DIGITS || value > MAX_NUMBER) this.fail('number of 32 bits');
      this.#at++;
    }
    return value;
  }

  expectNumber(): number {
    return this.number() ?? this.fail('number');
  }

  nzNumber(): number | undefined {
    return this.peek === 0x30 ? undefined : this.number();
  }

  expectNzNumber(): number {
    return this.nzNumber() ?? this.fail('number from 1');
  }

  /** Exactly so many digits. */
  expectDigits(count: number): number {
    let value = 0;
    for (let read = 0; read < count; read++) {
      if (!octet.DIGIT[this.peek]) this.fail(`${count} digits`);
      value = value * 10 + this.peek - 0x30;
      this.#at++;
    }
    return value;
  }

  /** `( item SP item ... )`; undefined when there is no parenthesis. */
  list<T>(item: () => T, limit: number): T[] | undefined {
    if (!this.take(octet.OPEN)) return undefined;
    const items: T[] = [];
    if (this.take(octet.CLOSE)) return items;
    do {
      if (items.length >= limit) this.over(`at most ${limit} items`);
      items.push(item());
    } while (this.sp());
    this.expect(octet.CLOSE);
    return items;
  }

  #literalSize(): number {
    this.expect(octet.BRACE_OPEN);
    const size = this.expectNumber();
    this.take(octet.PLUS);
    this.expect(octet.BRACE_CLOSE);
    return size;
  }

  #run(table: Readonly<Uint8Array>): string | undefined {
    const bytes = this.#bytes;
    const from = this.#at;
    let at = from;
    while (at < bytes.length && table[bytes[at] ?? 0]) at++;
    if (at === from) return undefined;
    this.#at = at;
    return bytes.toString('latin1', from, at);
  }

  #failAt(expected: string, at: number): never {
    throw new SyntaxFault(expected, at);
  }
}

function unescape(text: string): string {
  let out = '';
  let from = 0;
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at + 2)) {
    out += text.slice(from, at);
    from = at + 1;
  }
  return out + text.slice(from);
}
