import { MAX_BOUNDARY_OCTETS, MAX_PARAMETERS } from './limits.ts';
import { isSpace, isToken, readQuoted, skipComment, trimEnd } from './text.ts';

/** A structured MIME field: its value (`text/plain`, `attachment`; lower case, comments and spaces removed) and its parameters. */
export interface Parameterised {
  value: string;
  params: [string, string][];
}

/**
 * Reads `value; name=value; name="value"` (RFC 2045 5.1) from an unfolded field body. Total: what cannot be a parameter is left out,
 * unquoted values may hold spaces and `=`, a quoted string without its end goes to the end. At most MAX_PARAMETERS are kept.
 */
export function parseParameterised(text: string): Parameterised {
  const first = readUntil(text, 0, ';');
  const params: [string, string][] = [];
  let at = first.end + 1;
  while (at < text.length && params.length < MAX_PARAMETERS) {
    const name = readUntil(text, at, ';=');
    const value = text[name.end] === '=' ? readUntil(text, name.end + 1, ';') : { text: '', end: name.end };
    const key = name.text.toLowerCase();
    if (text[name.end] === '=' && isToken(key)) params.push([key, value.text]);
    at = value.end + 1;
  }
  return { value: first.text.replace(/[ \t]/g, '').toLowerCase(), params };
}

/**
 * Text up to one of `stops`, decoded: quoted strings and backslashes undone, comments out, white space at the ends cut.
 * A comment must follow a space or begin the text: `report(1).pdf` is a name.
 */
function readUntil(text: string, from: number, stops: string): { text: string; end: number } {
  let out = '';
  let at = from;
  // Outside of a quoted string, spaces at the ends are not part of the value; inside they are.
  let quotedTo = 0;
  let spaced = true;
  while (at < text.length) {
    const char = text.charAt(at);
    if (stops.includes(char)) break;
    if (char === '"') {
      const quoted = readQuoted(text, at);
      out += quoted.text;
      quotedTo = out.length;
      at = quoted.end;
      spaced = false;
    } else if (char === '(' && spaced) {
      at = skipComment(text, at);
    } else {
      spaced = isSpace(char.charCodeAt(0));
      if (!spaced || out !== '') out += char;
      at++;
    }
  }
  return { text: out.slice(0, quotedTo) + trimEnd(out.slice(quotedTo)), end: at };
}

/** The delimiter text of a multipart, or undefined where it has none that can be used. Joins the pieces of RFC 2231 3 (`boundary*0`, ...). */
export function boundaryOf(params: readonly [string, string][]): string | undefined {
  const values = new Map<string, string>();
  for (const [name, value] of params) if (!values.has(name)) values.set(name, value);
  let boundary = values.get('boundary') ?? '';
  if (boundary === '') for (let i = 0; values.has(`boundary*${i}`); i++) boundary += values.get(`boundary*${i}`) ?? '';
  // RFC 2046 5.1.1: a boundary does not end with white space; the delimiter line may.
  boundary = trimEnd(boundary);
  return boundary === '' || boundary.length > MAX_BOUNDARY_OCTETS ? undefined : boundary;
}
