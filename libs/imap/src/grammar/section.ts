import type { Cursor } from '../cursor.ts';
import { MAX_FIELD_NAMES, MAX_PART_DEPTH } from '../limits.ts';
import { DIGIT } from '../octets.ts';
import type { BodySection } from '../section-spec.ts';

const BRACKET = 0x5d;
const DOT = 0x2e;

/** What stands between the brackets. */
export type SectionSpec = Pick<BodySection, 'part' | 'text' | 'fields'>;

/** section, behind its opening bracket, with the closing one. */
export function expectSection(cursor: Cursor): SectionSpec {
  const part: number[] = [];
  let dot = true;
  while (dot && DIGIT[cursor.peek]) {
    if (part.length >= MAX_PART_DEPTH) cursor.over(`at most ${MAX_PART_DEPTH} part numbers`);
    part.push(cursor.expectNzNumber());
    dot = cursor.take(DOT);
  }
  const section: SectionSpec = dot ? sectionText(cursor, part) : { part, text: 'all' };
  cursor.expect(BRACKET);
  return section;
}

function sectionText(cursor: Cursor, part: readonly number[]): SectionSpec {
  const word = cursor.word();
  switch (word) {
    case 'HEADER':
    case 'TEXT':
      return { part, text: word };
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      cursor.expectSP();
      return { part, text: word, fields: expectFieldNames(cursor) };
    case 'MIME':
      // RFC 3501 6.4.5: MIME must be prefixed by a number.
      return part.length > 0 ? { part, text: word } : cursor.fail('part number before MIME');
    case undefined:
      return part.length === 0 ? { part, text: 'all' } : cursor.fail('section');
    default:
      return cursor.fail('section');
  }
}

/** header-list. */
function expectFieldNames(cursor: Cursor): string[] {
  const names = cursor.list(() => expectFieldName(cursor), MAX_FIELD_NAMES) ?? cursor.fail('list of field names');
  return names.length > 0 ? names : cursor.fail('field name');
}

/** header-fld-name: an astring, whatever fields are called (RFC 5322 2.2 has printable ASCII less the colon). */
const expectFieldName = (cursor: Cursor): string => cursor.expectAstring('field name');
