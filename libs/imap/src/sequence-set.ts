/** Sequence sets of message numbers or UIDs: RFC 3501 9 sequence-set. */

/** Stands for `*`, the largest number in use; no message has the number 0. */
export const STAR = 0;

export interface SequenceRange {
  /** 1 to 4294967295, or STAR. In the order of the client, `5:2` too. */
  readonly first: number;
  readonly last: number;
}
export type SequenceSet = readonly SequenceRange[];

/** Ascending, disjoint, both ends included; no STAR. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/**
 * @param largest what `*` means: the number of messages, or the largest UID; 0 when there is none
 * @returns ascending and disjoint; touching ranges are joined. RFC 3501 9: `*:4` is `4:*`, and `559:*` holds the largest UID even below 559.
 */
export function normalize(set: SequenceSet, largest: number): NumberRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const range of set) {
    const first = range.first === STAR ? largest : range.first;
    const last = range.last === STAR ? largest : range.last;
    if (first > 0 && last > 0) ranges.push(first <= last ? { first, last } : { first: last, last: first });
  }
  ranges.sort((a, b) => a.first - b.first);
  const joined: { first: number; last: number }[] = [];
  for (const range of ranges) {
    const previous = joined.at(-1);
    if (previous && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last);
    else joined.push(range);
  }
  return joined;
}

/** @param ranges as from `normalize` */
export function includes(ranges: readonly NumberRange[], number: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.last ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  const found = ranges[low];
  return found !== undefined && found.first <= number;
}

/** Numbers in their order as a set: `1:3,7`. Only runs that go up by one are joined, so that the sets of COPYUID stay parallel. */
export function encodeNumbers(numbers: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let at = 0; at < numbers.length;) {
    const first = numbers[at] ?? 0;
    let last = first;
    while (++at < numbers.length && numbers[at] === last + 1) last++;
    parts.push(first === last ? `${first}` : `${first}:${last}`);
  }
  return parts.join(',');
}
