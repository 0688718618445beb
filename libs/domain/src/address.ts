import { Buffer } from 'node:buffer';
import { isPlainText } from './plain-text.ts';

/** Addresses as the directory compares them: local part NFC and case-folded, domain as lower-case A-label. */
export interface CanonicalAddress {
  readonly local: string;
  readonly domain: string;
}

/** RFC 5321 4.5.3.1.1 and 4.5.3.1.2, in octets. */
export const MAX_LOCAL_PART = 64;
export const MAX_DOMAIN = 255;

/** U-label to A-label; returns '' for what is no host name (node:url's domainToASCII has this shape). */
export type ToAscii = (domain: string) => string;

export const canonicalLocal = (local: string): string => local.normalize('NFC').toLowerCase();

/** Lower-case A-label without a trailing dot, or undefined when the text is no domain name. */
export function canonicalDomain(text: string, toAscii: ToAscii): string | undefined {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  if (bare.length === 0 || bare.length > MAX_DOMAIN || !isPlainText(bare) || holdsUrlSyntax(bare)) return undefined;
  const ascii = toAscii(bare).toLowerCase();
  if (ascii.length === 0 || ascii.length > MAX_DOMAIN - 2) return undefined;
  return ascii.split('.').every(isLabel) ? ascii : undefined;
}

/** Splits at the last `@`; undefined when the text cannot be an address. Quoted local parts arrive here unquoted. */
export function parseAddress(text: string, toAscii: ToAscii): CanonicalAddress | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1) return undefined;
  const local = text.slice(0, at);
  if (Buffer.byteLength(local) > MAX_LOCAL_PART || !isPlainText(local)) return undefined;
  const domain = canonicalDomain(text.slice(at + 1), toAscii);
  return domain === undefined ? undefined : { local: canonicalLocal(local), domain };
}

export const showAddress = ({ local, domain }: CanonicalAddress): string => `${local}@${domain}`;

/** ToAscii is a URL host parser: it would decode `%`, and cut at what ends a host, so that `victim.example/x` became ours. */
const holdsUrlSyntax = (text: string): boolean =>
  Array.from('%/\\?#:@[]').some((character) => text.includes(character));

function isLabel(label: string): boolean {
  if (label.length === 0 || label.length > 63 || label.startsWith('-') || label.endsWith('-')) return false;
  for (const character of label) {
    const letterOrDigit = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
    if (!letterOrDigit && character !== '-' && character !== '_') return false;
  }
  return true;
}
