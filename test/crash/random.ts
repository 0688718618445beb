/** A seeded generator (mulberry32): the same seed, the same crashes in the same order. */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** From `low` up to, not including, `high`. */
export const between = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low));

export function pick<T>(random: Random, from: readonly [T, ...T[]]): T {
  return from[between(random, 0, from.length)] ?? from[0];
}

/** Fisher and Yates. */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(between(random, 0, left.length), 1));
}
