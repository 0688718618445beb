import { COLON, CR, nextLf, SPACE, TAB } from './octets.ts';
import { trim } from './text.ts';

/** One header field in a buffer: `header.subarray(at, end)` is the whole field, `subarray(value, valueEnd)` its raw body, folds included. */
export interface HeaderField {
  /** As written. */
  name: string;
  /** Where the field starts. */
  at: number;
  /** First octet after the colon. */
  value: number;
  /** End of the body, without the line end that ends the field. */
  valueEnd: number;
  /** End of the field with its line end. */
  end: number;
}

/**
 * The fields of a header in order. Stops at the empty line or at the end of the buffer. A line that is no field (no colon, a space
 * or control octet in the name, as mbox's `From `) is passed over with its continuation lines. Never throws.
 */
export function* headerFields(header: Buffer): Generator<HeaderField, void, undefined> {
  let at = 0;
  while (at < header.length && !isEmptyLine(header, at)) {
    const end = endOfField(header, at);
    const field = fieldAt(header, at, end);
    if (field) yield field;
    at = end;
  }
}

function isEmptyLine(header: Buffer, at: number): boolean {
  const lf = header[at] === CR ? at + 1 : at;
  return header[lf] === 10;
}

// RFC 5322 2.2.3: a line that starts with white space continues the field.
function endOfField(header: Buffer, at: number): number {
  let lf = nextLf(header, at);
  while (lf !== -1 && (header[lf + 1] === SPACE || header[lf + 1] === TAB)) lf = nextLf(header, lf + 1);
  return lf === -1 ? header.length : lf + 1;
}

function fieldAt(header: Buffer, at: number, end: number): HeaderField | undefined {
  let nameEnd = at;
  while (nameEnd < end && isNameOctet(header[nameEnd])) nameEnd++;
  let colon = nameEnd;
  // RFC 5322 4.5: old software puts white space before the colon.
  while (header[colon] === SPACE || header[colon] === TAB) colon++;
  if (nameEnd === at || colon >= end || header[colon] !== COLON) return undefined;
  let valueEnd = end;
  if (header[valueEnd - 1] === 10) valueEnd--;
  if (header[valueEnd - 1] === CR) valueEnd--;
  return {
    name: header.toString('latin1', at, nameEnd),
    at,
    value: colon + 1,
    valueEnd: Math.max(valueEnd, colon + 1),
    end,
  };
}

// RFC 5322 2.2: printable US-ASCII but the colon.
function isNameOctet(octet: number | undefined): boolean {
  return octet !== undefined && octet > SPACE && octet < 127 && octet !== COLON;
}

/**
 * A raw field body as one line: a line end and the white space that continues the field become one space (RFC
 * 5322 2.2.3; a tab stands for one), other CR, LF and NUL are removed, white space at both ends cut. At most `limit` raw octets are read.
 */
export function unfold(header: Buffer, start: number, end: number, limit: number): string {
  const raw = header.toString('latin1', start, Math.min(end, start + limit));
  // eslint-disable-next-line no-control-regex -- NUL, CR and LF are what is looked for
  return trim(/[\0\r\n]/.test(raw) ? raw.replace(/\n[ \t]/g, ' ').replace(/[\0\r\n]/g, '') : raw);
}
