/** Text out of headers, as SEARCH compares it; in steps. */
import { Buffer, isAscii } from 'node:buffer';
import { decodeEncodedWords, type WordBudget } from './encoded-words.ts';
import { FieldNames, type FieldIndex } from './field-index.ts';
import { CR, LF, SP, TAB } from './octets.ts';
import { Pace, STEP_OCTETS, type Steps } from './steps.ts';

/** Letters outside of ASCII: most text has none, and then case is all there is to fold. */
const BEYOND_ASCII = /[^\0-\x7f]/;

/**
 * Strings compare without regard to case (RFC 3501 6.4.4), and letters with their marks in whichever way both are written (RFC 5051 2).
 * A tab is a space: half of all software folds long fields with one.
 */
export function fold(text: string): string {
  const spaced = text.replaceAll('\t', ' ');
  if (!BEYOND_ASCII.test(spaced)) return spaced.toLowerCase();
  // Once more behind the lower case, which may compose; the final sigma is a sigma.
  return spaced.normalize('NFKD').toLowerCase().normalize('NFKD').replaceAll('ς', 'σ');
}

/** Between the values of fields with one name: no header holds it, so no match lies across. */
export const BETWEEN_VALUES = '\0';

/** Unfolded bodies of the fields with this name (lower case), as latin1. */
export function* fieldBodies(index: FieldIndex, name: string): Generator<string, void> {
  const names = new FieldNames([name]);
  for (let field = 0; field < index.count; field++) {
    if (index.isNamed(field, names)) yield unfolded(index.header, index.valueOf(field), index.endOf(field)).trim();
  }
}

/** Folded values of the fields with this name (lower case), encoded words decoded; undefined where there is none. */
export function* fieldText(index: FieldIndex, name: string, budget: WordBudget): Steps<string | undefined> {
  const pace = new Pace();
  const values: string[] = [];
  for (const value of fieldBodies(index, name)) {
    values.push(fold(yield* decodeEncodedWords(value, budget)));
    if (pace.isStep(value.length)) yield;
  }
  return values.length === 0 ? undefined : values.join(BETWEEN_VALUES);
}

/** The header, folded, one field a line. */
export function* headerText(index: FieldIndex, budget: WordBudget): Steps<string> {
  const { header, count } = index;
  const pace = new Pace();
  const pieces: string[] = [];
  let behind = 0;
  for (let field = 0; field < count; field = behind) {
    const start = index.startOf(field);
    for (behind = field + 1; behind < count && index.endOf(behind) - start <= STEP_OCTETS;) behind++;
    const end = index.startOf(behind);
    if (isPlain(header.subarray(start, end))) pieces.push(fold(unfolded(header, start, end)));
    else {
      for (let one = field; one < behind; one++) {
        const line = unfolded(header, index.startOf(one), index.endOf(one));
        pieces.push(fold(yield* decodeEncodedWords(line, budget)));
        if (pace.isStep(line.length)) yield;
      }
    }
    yield;
  }
  return pieces.join('\n');
}

/** Nothing in it is to be decoded: many fields are done as one. */
const isPlain = (octets: Buffer): boolean => isAscii(octets) && !octets.includes('=?');

/** One field or several as latin1, without the line ends of folding and the last one. */
function unfolded(header: Buffer, from: number, to: number): string {
  const out = Buffer.allocUnsafe(to - from);
  let length = 0;
  for (let at = from; at < to; at++) {
    const octet = header[at] ?? 0;
    if (octet !== CR && (octet !== LF || startsField(header, at + 1, to))) out[length++] = octet;
  }
  return out.toString('latin1', 0, length);
}

const startsField = (header: Buffer, at: number, end: number): boolean =>
  at < end && header[at] !== SP && header[at] !== TAB;
