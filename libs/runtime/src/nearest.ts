/** Levenshtein distance; for names of settings and commands, so both sides are short. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, charA] of Array.from(a).entries()) {
    const current = [row + 1];
    for (const [column, charB] of Array.from(b).entries()) {
      const substitute = (previous[column] ?? 0) + (charA === charB ? 0 : 1);
      current.push(Math.min(substitute, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? a.length;
}

/** Longest name that is compared at all: the table above grows with the product of both lengths. */
const MAX_COMPARED = 100;

/** The known name with the smallest edit distance to `name`; undefined where nothing is alike (more than half differs). */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.ceil(name.length / 2);
  if (name.length > MAX_COMPARED) return undefined;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance >= least) continue;
    best = candidate;
    least = distance;
  }
  return best;
}
