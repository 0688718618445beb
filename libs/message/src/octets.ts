export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const DASH = 45;
export const COLON = 58;

const BY_HAND = 16;

/** Index of the next LF at or after `from`, or -1. Looks at a few octets itself: for short lines a native call a line costs ten times the line. */
export function nextLf(octets: Buffer, from: number): number {
  const near = Math.min(from + BY_HAND, octets.length);
  for (let i = from; i < near; i++) if (octets[i] === LF) return i;
  return near === octets.length ? -1 : octets.indexOf(LF, near);
}
