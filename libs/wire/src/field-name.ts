/** What the first octets of a line say: whether a header field begins there. */
import type { Buffer } from 'node:buffer';

const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const DEL = 0x7f;

/**
 * Looks at the line that begins at `from`: RFC 5322 2.2, white space before the colon by 4.5.
 * @returns the offset of the colon behind the field name; -1: this is no field; undefined: so few octets do not tell
 */
export function fieldColon(line: Buffer, from = 0): number | undefined {
  let nameEnd = from;
  while (isNameOctet(line[nameEnd])) nameEnd++;
  let at = nameEnd;
  while (at > from && isBlank(line[at])) at++;
  if (at === line.length) return undefined;
  return at > from && line[at] === COLON ? at : -1;
}

/** The line that mbox files put in front of a message; some programs send it along, and those that have seen it may have quoted it. */
export function isMboxLine(line: Buffer): boolean {
  const start = line.toString('latin1', 0, 6);
  return start.startsWith('From ') || start === '>From ';
}

export const isBlank = (octet: number | undefined): boolean => octet === SPACE || octet === TAB;

const isNameOctet = (octet = 0): boolean => octet > SPACE && octet < DEL && octet !== COLON;
