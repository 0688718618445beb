/** Latin1 strings stand for octets here: only ASCII white space is white space (0xA0 is the end of many a UTF-8 letter). */
export function trim(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start++;
  return trimEnd(start === 0 ? text : text.slice(start));
}

export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** Space, tab, and the line ends that a fold leaves. */
export const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);

/** RFC 2045 5.1: printable US-ASCII without space and tspecials. */
export const isToken = (text: string): boolean => /^[!#$%&'*+\-.\w^`{|}~]+$/.test(text);

/** Decodes the quoted string that starts at `at`; `end` is after its closing quote, or the end of the text. */
export function readQuoted(text: string, at: number): { text: string; end: number } {
  let out = '';
  let from = at + 1;
  let i = from;
  for (; i < text.length && text[i] !== '"'; i++) {
    if (text[i] !== '\\') continue;
    out += text.slice(from, i);
    from = ++i;
  }
  return { text: out + text.slice(from, i), end: Math.min(i + 1, text.length) };
}

/** Index after the comment that starts at `at`; comments nest, so the depth is counted, never recursed into. */
export function skipComment(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return text.length;
}
