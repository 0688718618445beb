/** What a client sends after a continuation request; lines as `next('line')` of the framer gives them. */
import type { Buffer } from 'node:buffer';
import { decodeBase64 } from '#wire';

/** RFC 2177 3: the line that ends IDLE, in any case. Anything else is a syntax error, and ends it too. */
export const isDone = (line: Buffer): boolean => line.length === 4 && line.toString('latin1').toUpperCase() === 'DONE';

export type SaslResponse =
  | { readonly kind: 'octets'; readonly octets: Buffer }
  /** RFC 3501 6.2.2: answer BAD. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'malformed' };

/** A client's response of AUTHENTICATE: base64, empty for none, or `*`. For the initial one give the command's `initial`. */
export function readSaslResponse(text: string): SaslResponse {
  if (text === '*') return { kind: 'cancelled' };
  const octets = decodeBase64(text);
  return octets ? { kind: 'octets', octets } : { kind: 'malformed' };
}
