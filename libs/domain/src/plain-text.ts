/** C0, DEL and C1: CR, LF and NUL among them. */
export const isControl = (point: number): boolean => point < 0x20 || (point >= 0x7f && point < 0xa0);

/** As a code point of its own: half a character, which UTF-8 cannot hold. */
export const isSurrogate = (point: number): boolean => point >= 0xd800 && point < 0xe000;

/** No control characters, no lone surrogates. */
export function isPlainText(text: string): boolean {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (isControl(point) || isSurrogate(point)) return false;
  }
  return true;
}
