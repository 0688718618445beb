/** Recognises what the framer must know of a line without parsing it: a literal at its end, and its tag. */
import type { Buffer } from 'node:buffer';
import { MAX_TAG } from './limits.ts';
import { BRACE_CLOSE, BRACE_OPEN, DIGIT, PLUS, SP, TAG } from './octets.ts';

/** Octets at the end of a line that can hold an announcement: `{4294967295+}` and its line end. */
export const TAIL = 16;

const MAX_NUMBER = 4_294_967_295;

export interface Announced {
  /** Octets; Infinity when it is over 32 bits. */
  readonly size: number;
  /** False for `{n+}`: the client does not wait (RFC 7888). */
  readonly sync: boolean;
}

/**
 * @param line without its line end
 * @param from where to stop looking back: in front of it are octets of an earlier literal
 * @param cut true when octets before `from` were dropped: digits up to there count as a number that is too large
 */
export function announcedLiteral(line: Buffer, from: number, cut = false): Announced | undefined {
  let at = line.length - 1;
  if (at < from || line[at] !== BRACE_CLOSE) return undefined;
  at--;
  const sync = !(at >= from && line[at] === PLUS);
  if (!sync) at--;
  const end = at + 1;
  while (at >= from && DIGIT[line[at] ?? 0]) at--;
  if (at < from) return cut ? { size: Number.POSITIVE_INFINITY, sync } : undefined;
  if (line[at] !== BRACE_OPEN || at + 1 === end) return undefined;
  const size = Number(line.toString('latin1', at + 1, end));
  return { size: size <= MAX_NUMBER ? size : Number.POSITIVE_INFINITY, sync };
}

/** The tag a line starts with, or undefined when there is none before a space. */
export function tagOf(line: Buffer): string | undefined {
  let at = 0;
  while (at <= MAX_TAG && TAG[line[at] ?? 0]) at++;
  return at > 0 && at <= MAX_TAG && line[at] === SP ? line.toString('latin1', 0, at) : undefined;
}
