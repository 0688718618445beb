/** C0, DEL and C1: CR, LF and NUL among them. */
export const isControl = (point: number): boolean => point < 0x20 || (point >= 0x7f && point < 0xa0);

/** As a code point of its own: half a character, which UTF-8 cannot hold. */
export const isSurrogate = (point: number): boolean => point >= 0xd800 && point < 0xe000;

/** Shows nothing, turns round what stands beside it, ends a line, or stands for octets that were no text. */
export function isDeceptive(point: number): boolean {
  const invisible = point === 0x200b || point === 0x2060 || point === 0xfeff;
  const direction = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
  const lineEnd = point === 0x2028 || point === 0x2029;
  return invisible || direction || lineEnd || point === 0xfffd;
}

/** No control characters, no lone surrogates. */
export function isPlainText(text: string): boolean {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (isControl(point) || isSurrogate(point)) return false;
  }
  return true;
}

/** For a terminal, which would obey control characters: whatever is not there to be read becomes U+FFFD, one for one. */
export function visible(text: string): string {
  let clean = '';
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    clean += isControl(point) || isSurrogate(point) || isDeceptive(point) ? '\ufffd' : character;
  }
  return clean;
}

/** JSON of a value on one line that a terminal can show as well: what `visible` would replace is escaped. */
export function visibleJson(value: unknown): string {
  let clean = '';
  // JSON escapes C0 and lone surrogates by itself.
  for (const character of JSON.stringify(value)) {
    const point = character.codePointAt(0) ?? 0;
    clean += isControl(point) || isDeceptive(point) ? `\\u${point.toString(16).padStart(4, '0')}` : character;
  }
  return clean;
}
