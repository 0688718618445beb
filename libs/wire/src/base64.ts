/** Strict base64: Node's decoder skips what it does not know, a protocol must refuse it. */
import { Buffer } from 'node:buffer';

const ALPHABET = new Uint8Array(128);
for (const digit of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
  ALPHABET[digit.charCodeAt(0)] = 1;

/** RFC 4648 4, padding demanded. Undefined for anything else; '' gives no octets. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  for (let at = 0; at < digits; at++) {
    if (!ALPHABET[text.charCodeAt(at)]) return undefined;
  }
  return Buffer.from(text, 'base64');
}
