/** Command-line values that need more than commander's reading. */
import { checkText, MAX_QUOTA, quoted } from '#domain';
import { InvalidArgumentError } from 'commander';
import { usage } from './failure.ts';

/** Characters one argument may have: nothing a command takes is longer, the path of a file among them. */
export const MAX_ARGUMENT = 4096;

/** Refuses what no argument may be or hold, before anything else looks at it. Throws CommandFailure or DirectoryRefusal, for bad usage both. */
export function checkArguments(args: readonly string[]): void {
  for (const [at, argument] of args.entries()) {
    const name = `argument ${at + 1}`;
    if (argument.length > MAX_ARGUMENT)
      throw usage(`the ${name} has ${argument.length} characters; at most ${MAX_ARGUMENT} are allowed`);
    checkText(name, argument);
  }
}

const FACTORS: Readonly<Record<string, number>> = Object.assign(Object.create(null) as Record<string, number>, {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
});

/** `500`, `100k`, `20m`, `1g`, `2t` in octets; undefined for anything else. */
export function quotaOf(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,16})([kmgt]?)$/i.exec(text) ?? [];
  const octets = Number(digits) * (FACTORS[(unit ?? '').toLowerCase()] ?? Number.NaN);
  return Number.isSafeInteger(octets) ? octets : undefined;
}

/** The same; `none` for no limit. */
export function parseQuota(text: string): number | 'none' {
  const octets = text === 'none' ? text : quotaOf(text);
  if (octets !== undefined) return octets;
  throw new InvalidArgumentError(
    `${quoted(text)} is no quota: give octets from 0 to ${MAX_QUOTA}, such as 500m or 1g, or none.`,
  );
}

/** A count, or `none`. */
export function parseCount(text: string): number | 'none' {
  if (text === 'none') return 'none';
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`${quoted(text)} is no count: give a whole number or none.`);
}

/** A whole number from 1 to `most`. */
export const parseLimit =
  (most: number) =>
  (text: string): number => {
    const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`${quoted(text)} is out of range: give a whole number from 1 to ${most}.`);
  };

export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
