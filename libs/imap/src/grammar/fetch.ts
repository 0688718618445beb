import type { Command } from '../command.ts';
import type { Cursor } from '../cursor.ts';
import { MAX_FETCH_ITEMS } from '../limits.ts';
import { OPEN } from '../octets.ts';
import {
  sectionLabel,
  type BodySection,
  type FetchAttribute,
  type FetchItem,
  type SectionText,
} from '../section-spec.ts';
import { expectSection } from './section.ts';
import { expectSequenceSet } from './sets.ts';

const BRACKET = 0x5b;
const LESS = 0x3c;
const GREATER = 0x3e;
const DOT = 0x2e;

const attributes = (...names: FetchAttribute[]): readonly FetchItem[] => names.map((item) => ({ item }));

/** RFC 3501 6.4.5. */
const MACROS = new Map<string, readonly FetchItem[]>([
  ['FAST', attributes('FLAGS', 'INTERNALDATE', 'RFC822.SIZE')],
  ['ALL', attributes('FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE')],
  ['FULL', attributes('FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY')],
]);

const whole = (label: string, text: SectionText, peek: boolean): FetchItem => ({
  item: 'section',
  section: { part: [], text, peek, label },
});

const ITEMS = new Map<string, FetchItem>([
  ['FLAGS', { item: 'FLAGS' }],
  ['UID', { item: 'UID' }],
  ['INTERNALDATE', { item: 'INTERNALDATE' }],
  ['RFC822.SIZE', { item: 'RFC822.SIZE' }],
  ['ENVELOPE', { item: 'ENVELOPE' }],
  ['BODYSTRUCTURE', { item: 'BODYSTRUCTURE' }],
  ['BODY', { item: 'BODY' }],
  ['RFC822', whole('RFC822', 'all', false)],
  ['RFC822.HEADER', whole('RFC822.HEADER', 'HEADER', true)],
  ['RFC822.TEXT', whole('RFC822.TEXT', 'TEXT', false)],
]);

export function parseFetch(cursor: Cursor, uid: boolean): Command {
  cursor.expectSP();
  const set = expectSequenceSet(cursor);
  cursor.expectSP();
  if (cursor.peek !== OPEN) {
    const word = cursor.word();
    return { name: 'FETCH', uid, set, items: MACROS.get(word ?? '') ?? [fetchItem(cursor, word)] };
  }
  const items = cursor.list(() => fetchItem(cursor, cursor.word()), MAX_FETCH_ITEMS) ?? [];
  if (items.length === 0) cursor.fail('fetch item');
  return { name: 'FETCH', uid, set, items };
}

function fetchItem(cursor: Cursor, word: string | undefined): FetchItem {
  const peek = word === 'BODY.PEEK';
  if ((peek || word === 'BODY') && cursor.take(BRACKET)) return { item: 'section', section: bodySection(cursor, peek) };
  return ITEMS.get(word ?? '') ?? cursor.fail('fetch item');
}

function bodySection(cursor: Cursor, peek: boolean): BodySection {
  const asked = expectSection(cursor);
  const range = partial(cursor);
  const section = range ? { ...asked, partial: range } : asked;
  return { ...section, peek, label: sectionLabel(section) };
}

function partial(cursor: Cursor): BodySection['partial'] {
  if (!cursor.take(LESS)) return undefined;
  const from = cursor.expectNumber();
  cursor.expect(DOT);
  const octets = cursor.expectNzNumber();
  cursor.expect(GREATER);
  return { from, octets };
}
