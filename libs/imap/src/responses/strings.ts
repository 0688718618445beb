import { MAX_ENCODED_FIELD } from '../limits.ts';
import { ASTRING } from '../octets.ts';

/** 1 for an octet a quoted string holds as it is; 2 for one that needs a backslash; 0 for what needs a literal. RFC 3501 9 (QUOTED-CHAR). */
const QUOTABLE = new Uint8Array(256).fill(1, 0x01, 0x80);
QUOTABLE[0x0d] = 0;
QUOTABLE[0x0a] = 0;
QUOTABLE[0x22] = 2;
QUOTABLE[0x5c] = 2;

/** Nearly no string has one, and the engine looks faster than a loop: the envelope of each message that comes in is made of these. */
const UNUSUAL = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

/**
 * A string of the IMAP grammar: quoted where it can be, else a literal. RFC 3501 4.3.
 * Input and output are latin1-decoded octets; NUL is dropped, since no string may hold it. An empty string is `""`.
 */
export function encodeString(octets: string): string {
  if (!UNUSUAL.test(octets)) return `"${octets}"`;
  let escape = false;
  for (let at = 0; at < octets.length; at++) {
    const kind = QUOTABLE[octets.charCodeAt(at)];
    if (kind === 1) continue;
    if (kind !== 2) return encodeLiteral(octets);
    escape = true;
  }
  return `"${escape ? octets.replaceAll(/["\\]/g, String.raw`\$&`) : octets}"`;
}

/** A string, or NIL for what is absent. RFC 3501 4.5 */
export function encodeNstring(octets: string | null | undefined): string {
  return octets === null || octets === undefined ? 'NIL' : encodeString(octets);
}

/** The same for what a message brought: at most MAX_ENCODED_FIELD octets of it, not cut inside of a UTF-8 letter. */
export function encodeField(octets: string | null | undefined): string {
  if (!octets || octets.length <= MAX_ENCODED_FIELD) return encodeNstring(octets);
  let end = MAX_ENCODED_FIELD;
  // Four octets at most, so that octets that are no UTF-8 are cut all the same.
  while (end > MAX_ENCODED_FIELD - 4 && (octets.charCodeAt(end) & 0xc0) === 0x80) end--;
  return encodeString(octets.slice(0, end));
}

/** An atom where the octets allow it, else a string: mailbox names. RFC 3501 9 (astring) */
export function encodeAstring(octets: string): string {
  if (octets === '' || octets.toUpperCase() === 'NIL') return `"${octets}"`;
  for (let at = 0; at < octets.length; at++) if (!ASTRING[octets.charCodeAt(at)]) return encodeString(octets);
  return octets;
}

/** `{n}` CRLF and the octets themselves; NUL is dropped (CHAR8 is %x01-ff). */
export function encodeLiteral(octets: string): string {
  const kept = octets.includes('\0') ? octets.replaceAll('\0', '') : octets;
  return `{${kept.length}}\r\n${kept}`;
}

/** What goes before `octets` octets that follow on the wire. */
export const literalPrefix = (octets: number): string => `{${octets}}\r\n`;

/** Text for the end of a response line: what would break the line, and all that is not ASCII, becomes `?`. RFC 3501 9 (resp-text) */
export function encodeText(text: string): string {
  return text === '' ? '-' : text.replaceAll(/[^\x20-\x7e]/g, '?');
}
