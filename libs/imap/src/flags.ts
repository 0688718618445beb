/** Flags of a message as bits, keywords as text: RFC 3501 2.3.2. */

/** Bits of a flag word. `recent` belongs to a session and is never stored. */
export const FLAG_BIT = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16, recent: 32 } as const;
/** All that can be stored. */
export const STORABLE_FLAGS = 31;

export interface FlagSet {
  /** A sum of FLAG_BIT, within STORABLE_FLAGS. */
  readonly system: number;
  /** In the client's spelling, each once regardless of case. */
  readonly keywords: readonly string[];
}

export const NO_FLAGS: FlagSet = { system: 0, keywords: [] };

const NAMES = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft', '\\Recent'] as const;
const BIT_OF = new Map(NAMES.map((name, at) => [name.toUpperCase(), 1 << at]));

/** Undefined when it is no system flag; any case. */
export const systemFlag = (name: string): number | undefined => BIT_OF.get(name.toUpperCase());

/** Every combination, so that FETCH FLAGS of 10,000 messages joins nothing. */
const TEXT: readonly string[] = Array.from({ length: 64 }, (_, bits) =>
  NAMES.filter((_name, at) => (bits & (1 << at)) !== 0).join(' '),
);

/** flag-list: `(\Seen $Forwarded)`. */
export function encodeFlags(bits: number, keywords: readonly string[] = []): string {
  const system = TEXT[bits & 63] ?? '';
  if (keywords.length === 0) return `(${system})`;
  return system === '' ? `(${keywords.join(' ')})` : `(${system} ${keywords.join(' ')})`;
}
