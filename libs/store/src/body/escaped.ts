/**
 * Octets that are mostly ASCII travel as Postgres' `escape` text: half of what hex has, and a third of its cost here (node-postgres
 * cannot receive binary columns: it decodes every value as UTF-8).
 */
export const escaped = (expression: string): string => `encode(${expression}, 'escape')`;

const BACKSLASH = 0x5c;
/** Characters in a row without an escape, behind which the next one is searched for: in 8-bit text they stand close together. */
const FAR = 8;

/** Octets from `\\` and `\ooo` escapes; all else stands for itself. */
export function unescaped(text: string): Buffer {
  let at = text.indexOf('\\');
  if (at < 0) return Buffer.from(text, 'latin1');
  const octets = Buffer.allocUnsafe(text.length);
  let length = 0;
  let from = 0;
  for (; at >= 0; at = text.indexOf('\\', from)) {
    if (at > from) length += octets.write(text.slice(from, at), length, 'latin1');
    from = at;
    for (let plain = 0; plain < FAR && from < text.length; plain++) {
      const unit = text.charCodeAt(from);
      if (unit !== BACKSLASH) {
        octets[length++] = unit;
        from++;
        continue;
      }
      plain = 0;
      const next = text.charCodeAt(from + 1);
      const isDigits = next !== BACKSLASH;
      octets[length++] = isDigits
        ? ((next & 7) << 6) | ((text.charCodeAt(from + 2) & 7) << 3) | (text.charCodeAt(from + 3) & 7)
        : BACKSLASH;
      from += isDigits ? 4 : 2;
    }
  }
  length += octets.write(text.slice(from), length, 'latin1');
  return octets.subarray(0, length);
}
