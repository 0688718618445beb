/** xtext: RFC 3461 4. */
import { Buffer, isUtf8 } from 'node:buffer';

const PLUS = 0x2b;
const EQUALS = 0x3d;

const isXchar = (octet: number): boolean => octet > 0x20 && octet < 0x7f && octet !== PLUS && octet !== EQUALS;

/** The text behind an xtext value; undefined when it is no xtext or does not decode to UTF-8. */
export function decodeXtext(xtext: string): string | undefined {
  const octets = Buffer.allocUnsafe(xtext.length);
  let length = 0;
  for (let at = 0; at < xtext.length; at++) {
    let octet = xtext.charCodeAt(at);
    if (octet === PLUS) {
      const high = hexDigit(xtext.charCodeAt(at + 1));
      const low = hexDigit(xtext.charCodeAt(at + 2));
      if (high < 0 || low < 0) return undefined;
      octet = high * 16 + low;
      at += 2;
    } else if (!isXchar(octet)) {
      return undefined;
    }
    octets[length++] = octet;
  }
  const decoded = octets.subarray(0, length);
  return isUtf8(decoded) ? decoded.toString('utf8') : undefined;
}

/** RFC 3461 4: upper case only. NaN (past the end) is no digit. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x41 && code <= 0x46 ? code - 0x37 : -1;
}
