/**
 * Which messages of a session are marked as deleted. A value: marking gives new marks, which share all but one page of bits with
 * the old ones, so that a mark costs the same in a large maildrop as in a small one.
 */
import type { Maildrop } from './maildrop.ts';

/** Messages of a page: in a maildrop of a million messages a mark copies 512 octets of bits and a list of 245 pages. */
const PAGE_MESSAGES = 4_096;

export interface Marks {
  readonly count: number;
  readonly octets: number;
  /** One bit a message; message 1 is the lowest bit of the first octet of the first page. A page that is undefined or not there holds no mark. */
  readonly pages: readonly (Uint8Array | undefined)[];
}

/** Shared by all sessions that have deleted nothing. */
export const NO_MARKS: Marks = { count: 0, octets: 0, pages: [] };

export function isMarked({ pages }: Marks, number: number): boolean {
  const at = number - 1;
  const octet = pages[Math.floor(at / PAGE_MESSAGES)]?.[(at % PAGE_MESSAGES) >>> 3] ?? 0;
  return (octet & (1 << (at & 7))) !== 0;
}

/** `number` must name a message of the drop that is not marked yet. */
export function mark({ count, octets, pages }: Marks, drop: Maildrop, number: number): Marks {
  const at = number - 1;
  const page = Math.floor(at / PAGE_MESSAGES);
  const bits = pages[page]?.slice() ?? new Uint8Array(PAGE_MESSAGES / 8);
  const octet = (at % PAGE_MESSAGES) >>> 3;
  bits[octet] = (bits[octet] ?? 0) | (1 << (at & 7));
  const marked = pages.slice();
  marked[page] = bits;
  return { count: count + 1, octets: octets + drop.sizeOf(number), pages: marked };
}

/** The marked message numbers, ascending. Octets without a mark are passed over as one. */
export function markedNumbers({ pages }: Marks): number[] {
  const numbers: number[] = [];
  for (const [page, bits] of pages.entries()) {
    for (let octet = 0; bits && octet < bits.length; octet++) {
      for (let left = bits[octet] ?? 0, number = page * PAGE_MESSAGES + octet * 8 + 1; left > 0; left >>>= 1, number++)
        if ((left & 1) !== 0) numbers.push(number);
    }
  }
  return numbers;
}
