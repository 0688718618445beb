/**
 * Octets that are mostly ASCII travel as Postgres' `escape` text: half of what hex has, and a third of its cost here (node-postgres
 * cannot receive binary columns: it decodes every value as UTF-8).
 */
export const escaped = (expression: string): string => `encode(${expression}, 'escape')`;

const BACKSLASH = 0x5c;

/** Octets from `\\` and `\ooo` escapes; all else stands for itself. */
export function unescaped(text: string): Buffer {
  let at = text.indexOf('\\');
  if (at < 0) return Buffer.from(text, 'latin1');
  const octets = Buffer.allocUnsafe(text.length);
  let length = 0;
  let from = 0;
  for (; at >= 0; at = text.indexOf('\\', from)) {
    if (at > from) length += octets.write(text.slice(from, at), length, 'latin1');
    const next = text.charCodeAt(at + 1);
    if (next === BACKSLASH) {
      octets[length++] = BACKSLASH;
      from = at + 2;
    } else {
      octets[length++] = ((next & 7) << 6) | ((text.charCodeAt(at + 2) & 7) << 3) | (text.charCodeAt(at + 3) & 7);
      from = at + 4;
    }
  }
  length += octets.write(text.slice(from), length, 'latin1');
  return octets.subarray(0, length);
}
