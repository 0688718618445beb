/** The PLAIN mechanism's one message: RFC 4616 2. */
import { Buffer, isUtf8 } from 'node:buffer';

/** Octets of the largest message accepted: room for a password of 10,000 characters beside two names. */
export const MAX_SASL_PLAIN = 16_384;

export interface PlainCredentials {
  /** '' when the client asks for no other identity than authcid. */
  readonly authzid: string;
  readonly authcid: string;
  readonly password: string;
}

/** Undefined when the octets are no PLAIN message: not three parts, an empty name or password, bad UTF-8, too large. */
export function decodePlain(octets: Uint8Array): PlainCredentials | undefined {
  if (octets.length > MAX_SASL_PLAIN || !isUtf8(octets)) return undefined;
  const parts = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('utf8').split('\0', 4);
  const [authzid, authcid, password] = parts;
  if (parts.length !== 3 || authzid === undefined || !authcid || !password) return undefined;
  return { authzid, authcid, password };
}
