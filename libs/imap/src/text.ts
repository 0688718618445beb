/** Unicode out of the octets of a command. */
import { Buffer, isUtf8 } from 'node:buffer';

/** Charsets a SEARCH may name: the names RFC 3501 6.4.4 and [BADCHARSET] want. */
export const CHARSETS = ['US-ASCII', 'UTF-8'] as const;

/** @param charset in capitals */
export const supportsCharset = (charset: string): boolean => CHARSETS.some((ours) => ours === charset);

/** Octets (as latin1) read as UTF-8, or undefined where they are none. */
export function utf8(latin1: string): string | undefined {
  const octets = Buffer.from(latin1, 'latin1');
  return isUtf8(octets) ? octets.toString('utf8') : undefined;
}

/** As UTF-8 where it is, else as it stands: passwords of old clients compare as the characters their users typed. */
export const lenientText = (latin1: string): string => utf8(latin1) ?? latin1;
