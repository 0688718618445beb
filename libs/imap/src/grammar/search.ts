import { Buffer } from 'node:buffer';
import type { Command } from '../command.ts';
import type { Cursor } from '../cursor.ts';
import { FLAG_BIT } from '../flags.ts';
import { MAX_SEARCH_KEYS } from '../limits.ts';
import { CLOSE, OPEN } from '../octets.ts';
import type { SearchDayKey, SearchKey } from '../search-key.ts';
import type { SequenceSet } from '../sequence-set.ts';
import { supportsCharset, utf8 } from '../text.ts';
import { expectDate } from './dates.ts';
import { atSequenceSet, expectSequenceSet } from './sets.ts';

type Simple = SearchKey | ((grammar: SearchGrammar) => SearchKey);

const flag = (bit: number, set = true): SearchKey => ({ key: 'flag', flag: bit, set });
const header =
  (field: string): Simple =>
  (grammar) => ({ key: 'header', field, value: grammar.text() });
const address =
  (field: 'From' | 'To' | 'Cc' | 'Bcc'): Simple =>
  (grammar) => ({ key: 'address', field, value: grammar.text() });
const day =
  (key: SearchDayKey): Simple =>
  (grammar) => ({ key, day: grammar.day() });

/** RFC 3501 6.4.4; NOT, OR and parentheses apart. */
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
  ['BCC', address('Bcc')],
  ['CC', address('Cc')],
  ['FROM', address('From')],
  ['SUBJECT', header('Subject')],
  ['TO', address('To')],
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

/** A key that waits for the keys it is made of. */
type Open =
  | { readonly kind: 'list'; readonly keys: SearchKey[]; readonly parenthesized: boolean }
  | { readonly kind: 'not' }
  | { readonly kind: 'or'; readonly keys: SearchKey[] };

/** One search program; counts its keys. Its nesting is the client's affair: nothing here recurses. */
class SearchGrammar {
  readonly #cursor: Cursor;
  readonly #utf8: boolean;
  #keys = 0;

  constructor(cursor: Cursor, wantsUtf8: boolean) {
    this.#cursor = cursor;
    this.#utf8 = wantsUtf8;
  }

  /** Keys with spaces between: all must match. */
  program(): SearchKey {
    const open: Open[] = [{ kind: 'list', keys: [], parenthesized: false }];
    for (;;) {
      const found = this.#key();
      if ('kind' in found) {
        open.push(found);
        continue;
      }
      const program = this.#close(open, found);
      if (program) return program;
    }
  }

  /** What a key looks for. */
  text(): Buffer {
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

  /** header-fld-name: an astring, whatever fields are called. */
  fieldName(): string {
    this.#cursor.expectSP();
    return this.#cursor.expectAstring('field name');
  }

  set(): SequenceSet {
    this.#cursor.expectSP();
    return expectSequenceSet(this.#cursor);
  }

  /** A whole key, or the beginning of one that is made of others. */
  #key(): SearchKey | Open {
    const cursor = this.#cursor;
    if (++this.#keys > MAX_SEARCH_KEYS) cursor.over(`at most ${MAX_SEARCH_KEYS} search keys`);
    if (cursor.take(OPEN)) return { kind: 'list', keys: [], parenthesized: true };
    if (atSequenceSet(cursor)) return { key: 'sequence', set: expectSequenceSet(cursor) };
    const word = cursor.word() ?? cursor.fail('search key');
    if (word === 'NOT' || word === 'OR') {
      cursor.expectSP();
      return word === 'NOT' ? { kind: 'not' } : { kind: 'or', keys: [] };
    }
    const found = KEYS.get(word) ?? cursor.fail('search key');
    return typeof found === 'function' ? found(this) : found;
  }

  /** Gives a key to the one that waits for it, and that one, when it is whole, to the next. @returns the program at its end */
  #close(open: Open[], whole: SearchKey): SearchKey | undefined {
    const cursor = this.#cursor;
    let key = whole;
    for (let waiting = open.at(-1); waiting; waiting = open.at(-1)) {
      if (waiting.kind === 'not') key = key.key === 'not' ? key.of : { key: 'not', of: key };
      else {
        waiting.keys.push(key);
        if (waiting.kind === 'or' ? waiting.keys.length < 2 : cursor.sp()) {
          if (waiting.kind === 'or') cursor.expectSP();
          return undefined;
        }
        if (waiting.kind === 'list' && waiting.parenthesized) cursor.expect(CLOSE);
        key = joined(waiting.kind === 'or' ? 'or' : 'and', waiting.keys);
      }
      open.pop();
    }
    return key;
  }
}

/** Flat: `OR a OR b c` asks one question of three keys, however many there are. */
function joined(word: 'and' | 'or', keys: readonly SearchKey[]): SearchKey {
  const [only] = keys;
  if (only && keys.length === 1) return only;
  return { key: word, keys: keys.flatMap((one) => (one.key === word ? one.keys : [one])) };
}
