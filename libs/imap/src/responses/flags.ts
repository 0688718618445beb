/** System flags a client may set, with their bits in the stored flag word. RFC 3501 2.3.2 */
const SYSTEM_FLAGS: readonly (readonly [number, string])[] = [
  [1, String.raw`\Seen`],
  [2, String.raw`\Answered`],
  [4, String.raw`\Flagged`],
  [8, String.raw`\Deleted`],
  [16, String.raw`\Draft`],
];

/** Bits of the stored flag word. */
export const FLAG_BITS = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const;

/** The five in the order FLAGS announces them. */
export const SYSTEM_FLAG_NAMES: readonly string[] = SYSTEM_FLAGS.map(([, name]) => name);

/** The flags of one message as FETCH sends them: system flags, `\Recent`, keywords. */
export function flagNames(bits: number, keywords: readonly string[], recent: boolean): string[] {
  const names: string[] = [];
  for (const [bit, name] of SYSTEM_FLAGS) if ((bits & bit) !== 0) names.push(name);
  if (recent) names.push(String.raw`\Recent`);
  names.push(...keywords);
  return names;
}

/** The bit of a system flag in any case, with its backslash; undefined for anything else. */
export function flagBit(name: string): number | undefined {
  const wanted = name.toLowerCase();
  return SYSTEM_FLAGS.find(([, flag]) => flag.toLowerCase() === wanted)?.[0];
}
