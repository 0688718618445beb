export type Datum = string | null | Datum[];

/** Reads one value of response data as a client does: lists, strings, literals, NIL, atoms. Throws on anything that is not one whole value. */
export function readData(text: string): Datum {
  let at = 0;
  const value = (): Datum => {
    const char = text[at];
    if (char === '(') return list();
    if (char === '"') return quoted();
    if (char === '{') return literal();
    const from = at;
    while (at < text.length && !' ()\r\n"{'.includes(text[at]!)) at++;
    if (at === from) throw new Error(`nothing at ${at}: ${JSON.stringify(text.slice(at, at + 20))}`);
    const atom = text.slice(from, at);
    return atom === 'NIL' ? null : atom;
  };
  const list = (): Datum[] => {
    const items: Datum[] = [];
    at++;
    while (text[at] !== ')') {
      if (text[at] === ' ') at++;
      items.push(value());
    }
    at++;
    return items;
  };
  const quoted = (): string => {
    let out = '';
    for (at++; text[at] !== '"'; at++) {
      if (text[at] === '\\') at++;
      const char = text[at];
      if (char === undefined || '\r\n\0'.includes(char) || char > '\x7f') throw new Error(`bad quoted string at ${at}`);
      out += char;
    }
    at++;
    return out;
  };
  const literal = (): string => {
    const end = text.indexOf('}\r\n', at);
    const octets = Number(text.slice(at + 1, end));
    const from = end + 3;
    at = from + octets;
    if (!Number.isSafeInteger(octets) || at > text.length) throw new Error('bad literal');
    return text.slice(from, at);
  };
  const read = value();
  if (at !== text.length) throw new Error(`trailing octets at ${at}`);
  return read;
}
