/** Octet classes of RFC 3501 9: one table load per octet instead of comparisons. */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const PLUS = 0x2b;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const OPEN = 0x28;
export const CLOSE = 0x29;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;

type Table = Readonly<Uint8Array>;

const printable = (): Uint8Array => new Uint8Array(256).fill(1, 0x21, 0x7f);
const without = (table: Uint8Array, octets: string): Uint8Array => {
  for (const octet of octets) table[octet.charCodeAt(0)] = 0;
  return table;
};

/** ATOM-CHAR. */
export const ATOM: Table = without(printable(), '(){%*"\\]');
/** ASTRING-CHAR: ATOM-CHAR and `]`. */
export const ASTRING: Table = without(printable(), '(){%*"\\');
/** Of a tag: ASTRING-CHAR without `+`. */
export const TAG: Table = without(printable(), '(){%*"\\+');
/** list-char: ATOM-CHAR, the wildcards and `]`. */
export const LIST: Table = without(printable(), '(){"\\');
/** Of the words that FETCH items and sections are made of: letters, digits, `.`. */
export const ITEM: Table = new Uint8Array(256)
  .fill(1, 0x30, 0x3a)
  .fill(1, 0x41, 0x5b)
  .fill(1, 0x61, 0x7b)
  .fill(1, 0x2e, 0x2f);
/** DIGIT. */
export const DIGIT: Table = new Uint8Array(256).fill(1, 0x30, 0x3a);
