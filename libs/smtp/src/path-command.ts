/** The argument of MAIL FROM: and RCPT TO: cut into the path and its parameters. RFC 5321 4.1.1.2, 4.1.1.3 and 4.1.2. */
import { MAX_PARAMETERS } from './limits.ts';
import * as refuse from './refusals.ts';
import type { Reply } from './reply.ts';

/** Upper-case keyword -> value as sent, or undefined when it stood alone. */
export type Parameters = ReadonlyMap<string, string | undefined>;

export type PathCommand =
  | { readonly kind: 'path'; readonly path: string; readonly parameters: Parameters }
  | { readonly kind: 'refused'; readonly reply: Reply };

/**
 * @param line the whole command, without CRLF
 * @returns the path without its angle brackets, unchecked, and its parameters with values undecoded
 */
export function parsePathCommand(verb: 'MAIL FROM' | 'RCPT TO', line: string): PathCommand {
  const colon = line.indexOf(':');
  if (colon === -1 || line.slice(0, colon).trim().toUpperCase() !== verb) return refused(refuse.BAD_COMMAND);
  const rest = line.slice(colon + 1).trim();
  const end = pathEnd(rest);
  if (end === -1) return refused(verb === 'MAIL FROM' ? refuse.BAD_REVERSE_PATH : refuse.BAD_FORWARD_PATH);
  const tail = rest.slice(end + 1);
  if (tail !== '' && !tail.startsWith(' ')) return refused(refuse.BAD_COMMAND);
  const parameters = parseParameters(tail);
  return parameters ? { kind: 'path', path: rest.slice(1, end), parameters } : refused(refuse.BAD_PARAMETER);
}

/** Offset of the `>` that ends the path, or -1: a quoted local part may hold one of its own. */
function pathEnd(text: string): number {
  if (!text.startsWith('<')) return -1;
  let quoted = false;
  for (let at = 1; at < text.length; at++) {
    const character = text.charAt(at);
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '>') return at;
    else if (!quoted && (character === '<' || character === ' ')) return -1;
  }
  return -1;
}

function parseParameters(text: string): Parameters | undefined {
  const parameters = new Map<string, string | undefined>();
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const keyword = (equals === -1 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    if (!isKeyword(keyword) || value === '' || parameters.has(keyword) || parameters.size >= MAX_PARAMETERS)
      return undefined;
    parameters.set(keyword, value);
  }
  return parameters;
}

function isKeyword(text: string): boolean {
  for (const character of text) {
    const plain = (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9');
    if (!plain && character !== '-') return false;
  }
  return text !== '' && !text.startsWith('-');
}

const refused = (reply: Reply): PathCommand => ({ kind: 'refused', reply });
