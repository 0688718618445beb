/** Local parts: Dot-string and Quoted-string of RFC 5321 4.1.2, with UTF-8 as RFC 6531 3.3 adds it. */

const ATEXT = new Uint8Array(128);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~") {
  ATEXT[character.charCodeAt(0)] = 1;
}
const DOT = 0x2e;

/** Atoms with single dots between them. */
export const isDotString = (text: string): boolean =>
  isLenientDotString(text) && !text.startsWith('.') && !text.endsWith('.') && !text.includes('..');

/** Atoms and dots in any order: some large hosts have such users, and their mail is not to be refused for it. */
export function isLenientDotString(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80 && code !== DOT && !ATEXT[code]) return false;
  }
  return text !== '';
}

/** The quoted string that `text` starts with, unescaped; `end` is the offset behind its closing quote. */
export function readQuotedString(text: string): { readonly text: string; readonly end: number } | undefined {
  let content = '';
  for (let at = 1; at < text.length; at++) {
    let character = text.charAt(at);
    if (character === '"') return content === '' ? undefined : { text: content, end: at + 1 };
    if (character === '\\') {
      character = text.charAt(++at);
      if (character === '' || character > '~') return undefined;
    }
    content += character;
  }
  return undefined;
}

/** As it stands in a path: quoted only where it must be. */
export function showLocalPart(local: string): string {
  if (isDotString(local)) return local;
  return `"${local.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
