import { Buffer } from 'node:buffer';
import type { Command } from '../command.ts';
import type { Cursor } from '../cursor.ts';
import { FLAG_BIT } from '../flags.ts';
import { MAX_SEARCH_KEYS, MAX_SEARCH_TEXT_KEYS } from '../limits.ts';
import { CLOSE, OPEN } from '../octets.ts';
import type { SearchDayKey, SearchKey } from '../search-key.ts';
import type { SequenceSet } from '../sequence-set.ts';
import { supportsCharset, utf8 } from '../text.ts';
import { expectDate } from './dates.ts';
import { expectFieldName } from './section.ts';
import { atSequenceSet, expectSequenceSet } from './sets.ts';

type Simple = SearchKey | ((grammar: SearchGrammar) => SearchKey);

const flag = (bit: number, set = true): SearchKey => ({ key: 'flag', flag: bit, set });
const header =
  (field: string): Simple =>
  (grammar) => ({ key: 'header', field, value: grammar.text() });
const day =
  (key: SearchDayKey): Simple =>
  (grammar) => ({ key, day: grammar.day() });

/** RFC 3501 6.4.4; NOT and OR apart. */
const KEYS = new Map<string, Simple>([
  ['ALL', { key: 'all' }],
  ['NEW', { key: 'new' }],
  ['OLD', { key: 'old' }],
  ['RECENT', { key: 'recent' }],
  ['ANSWERED', flag(FLAG_BIT.answered)],
  ['DELETED', flag(FLAG_BIT.deleted)],
  ['DRAFT', flag(FLAG_BIT.draft)],
  ['FLAGGED', flag(FLAG_BIT.flagged)],
  ['SEEN', flag(FLAG_BIT.seen)],
  ['UNANSWERED', flag(FLAG_BIT.answered, false)],
  ['UNDELETED', flag(FLAG_BIT.deleted, false)],
  ['UNDRAFT', flag(FLAG_BIT.draft, false)],
  ['UNFLAGGED', flag(FLAG_BIT.flagged, false)],
  ['UNSEEN', flag(FLAG_BIT.seen, false)],
  ['KEYWORD', (grammar) => ({ key: 'keyword', keyword: grammar.keyword(), set: true })],
  ['UNKEYWORD', (grammar) => ({ key: 'keyword', keyword: grammar.keyword(), set: false })],
  ['BEFORE', day('before')],
  ['ON', day('on')],
  ['SINCE', day('since')],
  ['SENTBEFORE', day('sentbefore')],
  ['SENTON', day('senton')],
  ['SENTSINCE', day('sentsince')],
  ['LARGER', (grammar) => ({ key: 'larger', octets: grammar.number() })],
  ['SMALLER', (grammar) => ({ key: 'smaller', octets: grammar.number() })],
  ['BCC', header('Bcc')],
  ['CC', header('Cc')],
  ['FROM', header('From')],
  ['SUBJECT', header('Subject')],
  ['TO', header('To')],
  ['HEADER', (grammar) => ({ key: 'header', field: grammar.fieldName(), value: grammar.text() })],
  ['BODY', (grammar) => ({ key: 'body', value: grammar.text() })],
  ['TEXT', (grammar) => ({ key: 'text', value: grammar.text() })],
  ['UID', (grammar) => ({ key: 'uid', set: grammar.set() })],
]);

/** RFC 3501 6.4.4. A charset we do not know is for the session to refuse: its strings stay as they are. */
export function parseSearch(cursor: Cursor, uid: boolean): Command {
  cursor.expectSP();
  if (!cursor.takeWord('CHARSET')) return { name: 'SEARCH', uid, program: new SearchGrammar(cursor, true).program() };
  cursor.expectSP();
  const charset = cursor.expectAstring('charset').toUpperCase();
  cursor.expectSP();
  return { name: 'SEARCH', uid, charset, program: new SearchGrammar(cursor, supportsCharset(charset)).program() };
}

/** One search program; counts its keys. */
class SearchGrammar {
  readonly #cursor: Cursor;
  readonly #utf8: boolean;
  #keys = 0;
  #textKeys = 0;

  constructor(cursor: Cursor, wantsUtf8: boolean) {
    this.#cursor = cursor;
    this.#utf8 = wantsUtf8;
  }

  /** Keys with spaces between: all must match. */
  program(): SearchKey {
    const first = this.#key();
    if (!this.#cursor.sp()) return first;
    const keys = [first];
    do keys.push(this.#key());
    while (this.#cursor.sp());
    return { key: 'and', keys };
  }

  /** What a key looks for. */
  text(): Buffer {
    if (++this.#textKeys > MAX_SEARCH_TEXT_KEYS)
      this.#cursor.fail(`at most ${MAX_SEARCH_TEXT_KEYS} keys that look for text`);
    this.#cursor.expectSP();
    const octets = this.#cursor.expectAstring();
    if (this.#utf8 && utf8(octets) === undefined) this.#cursor.fail('text in UTF-8');
    return Buffer.from(octets, 'latin1');
  }

  day(): number {
    this.#cursor.expectSP();
    return expectDate(this.#cursor);
  }

  number(): number {
    this.#cursor.expectSP();
    return this.#cursor.expectNumber();
  }

  keyword(): string {
    this.#cursor.expectSP();
    return this.#cursor.expectAtom('keyword');
  }

  fieldName(): string {
    this.#cursor.expectSP();
    return expectFieldName(this.#cursor);
  }

  set(): SequenceSet {
    this.#cursor.expectSP();
    return expectSequenceSet(this.#cursor);
  }

  #key(): SearchKey {
    const cursor = this.#cursor;
    if (++this.#keys > MAX_SEARCH_KEYS) cursor.fail(`at most ${MAX_SEARCH_KEYS} search keys`);
    if (cursor.peek === OPEN) return cursor.nested(() => this.#parenthesized());
    if (atSequenceSet(cursor)) return { key: 'sequence', set: expectSequenceSet(cursor) };
    const word = cursor.word() ?? cursor.fail('search key');
    if (word === 'NOT') return cursor.nested(() => ({ key: 'not', of: this.#operand() }));
    if (word === 'OR') return cursor.nested(() => ({ key: 'or', left: this.#operand(), right: this.#operand() }));
    const found = KEYS.get(word) ?? cursor.fail('search key');
    return typeof found === 'function' ? found(this) : found;
  }

  #operand(): SearchKey {
    this.#cursor.expectSP();
    return this.#key();
  }

  #parenthesized(): SearchKey {
    this.#cursor.expect(OPEN);
    const program = this.program();
    this.#cursor.expect(CLOSE);
    return program;
  }
}
