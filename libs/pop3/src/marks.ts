/** Which messages of a session are marked as deleted. A value: marking gives new marks. */
import type { Maildrop } from './maildrop.ts';

export interface Marks {
  readonly count: number;
  readonly octets: number;
  /** One bit a message; message 1 is the lowest bit of the first octet. */
  readonly bits: Uint8Array;
}

/** Shared by all sessions that have deleted nothing. */
export const NO_MARKS: Marks = { count: 0, octets: 0, bits: new Uint8Array(0) };

export const isMarked = ({ bits }: Marks, number: number): boolean =>
  ((bits[(number - 1) >>> 3] ?? 0) & (1 << ((number - 1) & 7))) !== 0;

/** `number` must name a message of the drop that is not marked yet. */
export function mark(marks: Marks, drop: Maildrop, number: number): Marks {
  const bits = new Uint8Array((drop.count + 7) >>> 3);
  bits.set(marks.bits);
  const at = (number - 1) >>> 3;
  bits[at] = (bits[at] ?? 0) | (1 << ((number - 1) & 7));
  return { count: marks.count + 1, octets: marks.octets + drop.sizeOf(number), bits };
}

/** The marked message numbers, ascending. */
export function markedNumbers(marks: Marks): number[] {
  const numbers: number[] = [];
  for (let number = 1; number <= marks.bits.length * 8; number++) if (isMarked(marks, number)) numbers.push(number);
  return numbers;
}
