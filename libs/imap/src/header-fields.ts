import { Buffer } from 'node:buffer';
import { CR, LF, SP, TAB } from './octets.ts';

const COLON = 0x3a;
const LINE_END = Buffer.from('\r\n');

/** Takes a whole header and gives the fields that were asked for, in their order, with the empty line. RFC 3501 6.4.5 */
export type HeaderFilter = (header: Buffer) => Buffer;

/**
 * HEADER.FIELDS and, with `not`, HEADER.FIELDS.NOT. Made once per FETCH, run per message; linear in the header. RFC 3501 6.4.5
 * Names in any case; folded fields stay folded; what stands in the header but is no field goes with NOT only.
 */
export function headerFilter(names: readonly string[], not: boolean): HeaderFilter {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const longest = names.reduce((most, name) => Math.max(most, name.length), 0);
  return (header) => {
    const kept: Buffer[] = [];
    let from = -1;
    let end = 0;
    for (const field of fieldsOf(header)) {
      const length = field.nameEnd - field.start;
      const named =
        length <= longest && wanted.has(header.toString('latin1', field.start, field.nameEnd).toLowerCase());
      if (named === not && from !== -1) {
        kept.push(header.subarray(from, field.start));
        from = -1;
      } else if (named !== not && from === -1) from = field.start;
      end = field.end;
    }
    if (from !== -1) kept.push(header.subarray(from, end));
    if (from !== -1 && header[end - 1] !== LF) kept.push(LINE_END);
    kept.push(LINE_END);
    return Buffer.concat(kept);
  };
}

/** Offsets into a header; `end` is behind the line end of the last folded line, `nameEnd` equals `start` where there is no name. */
export interface HeaderField {
  readonly start: number;
  readonly nameEnd: number;
  /** Behind the colon. */
  readonly value: number;
  readonly end: number;
}

/** The fields up to the empty line, or to the end of the octets. */
export function* fieldsOf(header: Buffer): Generator<HeaderField> {
  let at = 0;
  while (at < header.length && !isEmptyLine(header, at)) {
    const start = at;
    let colon = -1;
    do {
      const lineEnd = header.indexOf(LF, at);
      const end = lineEnd === -1 ? header.length : lineEnd + 1;
      if (at === start) colon = header.subarray(start, end).indexOf(COLON);
      at = end;
    } while (header[at] === SP || header[at] === TAB);
    if (colon === -1) yield { start, nameEnd: start, value: start, end: at };
    else yield { start, nameEnd: nameEnd(header, start, start + colon), value: start + colon + 1, end: at };
  }
}

/** RFC 5322 4.5: old mail has white space before the colon. */
function nameEnd(header: Buffer, start: number, colon: number): number {
  let end = colon;
  while (end > start && (header[end - 1] === SP || header[end - 1] === TAB)) end--;
  return end;
}

const isEmptyLine = (header: Buffer, at: number): boolean =>
  header[at] === LF || (header[at] === CR && (header[at + 1] === LF || at + 1 === header.length));
