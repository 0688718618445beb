/** How IMAP writes names in US-ASCII: modified UTF-7, RFC 3501 5.1.3. */
import { Buffer } from 'node:buffer';

const AMPERSAND = 0x26;

/** Total: printable US-ASCII comes out, whatever the name. */
export function encodeModifiedUtf7(name: string): string {
  let out = '';
  let shifted = '';
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    const printable = unit >= 0x20 && unit < 0x7f;
    if (!printable) {
      shifted += name.charAt(at);
      continue;
    }
    if (shifted !== '') out += shift(shifted);
    shifted = '';
    out += unit === AMPERSAND ? '&-' : name.charAt(at);
  }
  return shifted === '' ? out : out + shift(shifted);
}

/**
 * @param wire octets as latin1
 * @returns undefined for all but the one right form: 8-bit octets, needless, unended or adjacent shifts, stray bits, lone surrogates
 */
export function decodeModifiedUtf7(wire: string): string | undefined {
  let name = '';
  let from = 0;
  for (let at = wire.indexOf('&'); at !== -1; at = wire.indexOf('&', from)) {
    const end = wire.indexOf('-', at + 1);
    if (end === -1) return undefined;
    name += wire.slice(from, at) + (end === at + 1 ? '&' : unshift(wire.slice(at + 1, end)));
    from = end + 1;
  }
  name += wire.slice(from);
  // RFC 3501 5.1.3 allows one encoding of a name only; comparing finds all others.
  return name.isWellFormed() && encodeModifiedUtf7(name) === wire ? name : undefined;
}

/** Base64 of UTF-16BE without padding, `,` in place of `/`. */
function shift(text: string): string {
  const digits = Buffer.from(text, 'utf16le').swap16().toString('base64');
  return `&${digits.replaceAll('/', ',').replaceAll('=', '')}-`;
}

function unshift(digits: string): string {
  const octets = Buffer.from(digits.replaceAll(',', '/'), 'base64');
  return octets
    .subarray(0, octets.length & ~1)
    .swap16()
    .toString('utf16le');
}
