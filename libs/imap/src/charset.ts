import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import { charsetOf } from './charset-names.ts';
import { isTableCharset, TableDecoder } from './table-decoder.ts';

/** Text out of octets that come in pieces: the global TextDecoder, and what stands in for it. */
export interface Decoder {
  /** @param octets absent: the end, as without `stream` */
  decode(octets?: Uint8Array, options?: { readonly stream?: boolean }): string;
}

/** For whole texts. The charsets are few, so this stays small; names nobody knows are not kept. */
const DECODERS = new Map<string, Decoder>();

/** Of what the platform reads, and of older charsets; undefined for others. ISO-8859-1 is read as windows-1252, as all mail readers do. */
export function decoderOf(label: string): Decoder | undefined {
  const charset = charsetOf(label);
  if (charset === undefined) return undefined;
  const known = DECODERS.get(charset) ?? newDecoder(charset);
  DECODERS.set(charset, known);
  return known;
}

const newDecoder = (charset: string): Decoder =>
  isTableCharset(charset) ? new TableDecoder(charset) : new TextDecoder(charset);

/** Octets of unknown charset: UTF-8 where they are, else windows-1252. */
export function decodeUnlabelled(octets: Buffer): string {
  if (isAscii(octets)) return octets.toString('latin1');
  return isUtf8(octets) ? octets.toString('utf8') : (decoderOf('windows-1252')?.decode(octets) ?? '');
}

/**
 * For text that is decoded piece by piece, in the charset named; US-ASCII that is none, and charsets nobody knows, are read as unlabelled.
 * @param octets all of the text
 */
export function decoderFor(octets: Buffer, charset = ''): Decoder {
  const named = /^(us-)?ascii$/i.test(charset) ? undefined : charsetOf(charset);
  return newDecoder(named ?? (isUtf8(octets) ? 'utf-8' : 'windows-1252'));
}
