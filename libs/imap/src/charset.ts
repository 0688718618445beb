import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import { CHARSET_LABELS } from './charset-labels.ts';

/** Names that mail uses and WHATWG does not know. */
const OTHER_NAMES = new Map([
  ['latin-1', 'windows-1252'],
  ['latin-9', 'iso-8859-15'],
  ['iso8859-15', 'iso-8859-15'],
  ['cp1252', 'windows-1252'],
]);

/** The global's instance type: its name alone is no type without the DOM library. */
export type Decoder = InstanceType<typeof TextDecoder>;

/** The valid labels are few, so this stays small; others are not kept. */
const DECODERS = new Map<string, Decoder>();

/** Of UTF-8, ISO-8859-n, windows-125n and what else the platform reads; undefined for others. ISO-8859-1 is read as windows-1252, as all mail readers do. */
export function decoderOf(charset: string): Decoder | undefined {
  const name = charset.slice(0, 40).toLowerCase();
  const label = OTHER_NAMES.get(name) ?? name;
  const known = DECODERS.get(label);
  if (known) return known;
  if (!CHARSET_LABELS.has(label)) return undefined;
  try {
    const decoder = new TextDecoder(label);
    DECODERS.set(label, decoder);
    return decoder;
  } catch {
    return undefined;
  }
}

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
  const named = /^(us-)?ascii$/i.test(charset) ? undefined : decoderOf(charset);
  return new TextDecoder(named?.encoding ?? (isUtf8(octets) ? 'utf-8' : 'windows-1252'));
}
