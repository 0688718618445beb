/** The verb of a command line for the metrics: one of a closed set, whatever the client sent. */
import type { Line } from '#wire';

const VERBS = [
  'USER',
  'PASS',
  'AUTH',
  'CAPA',
  'STAT',
  'LIST',
  'UIDL',
  'RETR',
  'TOP',
  'DELE',
  'RSET',
  'NOOP',
  'QUIT',
] as const;
export type Verb = (typeof VERBS)[number] | 'other';

const SPACE = 0x20;
const UPPER = 0xdf;
const LONGEST = 4;

const codeOf = (line: Uint8Array, length: number): number => {
  let code = 0;
  for (let at = 0; at < length; at++) code = code * 256 + ((line[at] ?? 0) & UPPER);
  return code;
};

const byCode = new Map<number, Verb>(VERBS.map((verb) => [codeOf(Buffer.from(verb), verb.length), verb]));

export function verbOf(line: Line): Verb {
  if (line === 'too-long') return 'other';
  let length = 0;
  while (length < line.length && length <= LONGEST && line[length] !== SPACE) length++;
  return (length <= LONGEST ? byCode.get(codeOf(line, length)) : undefined) ?? 'other';
}
