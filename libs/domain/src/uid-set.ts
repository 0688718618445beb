/** UIDs as ranges: 1:1000000 is one range however many messages there are. */
export interface UidRange {
  /** Both inclusive; 1 <= first <= last <= 4294967295. */
  readonly first: number;
  readonly last: number;
}

/** Ascending and disjoint. */
export type UidSet = readonly UidRange[];

export const MAX_UID = 4_294_967_295;
export const ALL_UIDS: UidSet = [{ first: 1, last: MAX_UID }];

/** Ascending UIDs as ranges of consecutive numbers. */
export function uidRanges(uids: ArrayLike<number>): UidRange[] {
  const ranges: UidRange[] = [];
  for (let at = 0; at < uids.length;) {
    const first = uids[at] ?? 0;
    let last = first;
    while (++at < uids.length && uids[at] === last + 1) last++;
    ranges.push({ first, last });
  }
  return ranges;
}

/** What of a set is above a UID. */
export function uidsAbove(uids: UidSet, uid: number): UidRange[] {
  const above: UidRange[] = [];
  for (const { first, last } of uids) if (last > uid) above.push({ first: Math.max(first, uid + 1), last });
  return above;
}

/** How many UIDs are in a set, whether there are messages or not. */
export const uidsIn = (uids: UidSet): number => uids.reduce((sum, { first, last }) => sum + last - first + 1, 0);
