/** Domain names in paths: RFC 5321 4.1.2, RFC 5890 for U-labels. */
import { MAX_DOMAIN } from './limits.ts';

/** U-label to A-label; returns '' for what is no host name. */
export type ToAscii = (domain: string) => string;

const MAX_LABEL = 63;

/** Lower-case A-label; undefined when the text is no domain name. A trailing dot is not allowed in a path. */
export function toDomain(text: string, toAscii: ToAscii): string | undefined {
  // The converter is for U-labels alone: as a URL host parser it would also turn "0x7f.1" into an IPv4 address.
  const ascii = (isAscii(text) ? text : toAscii(text)).toLowerCase();
  if (ascii.length === 0 || ascii.length > MAX_DOMAIN) return undefined;
  return ascii.split('.').every(isLabel) ? ascii : undefined;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
}

/** Letters, digits, hyphens inside; underscores too, which real hosts have. */
function isLabel(label: string): boolean {
  if (label.length === 0 || label.length > MAX_LABEL || label.startsWith('-') || label.endsWith('-')) return false;
  for (const character of label) {
    const plain = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
    if (!plain && character !== '-' && character !== '_') return false;
  }
  return true;
}
