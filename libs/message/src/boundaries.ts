import { DASH } from './octets.ts';
import { isSpace } from './text.ts';

/** A line that is a delimiter of an open multipart. */
export interface Delimiter {
  /** Level of the multipart it belongs to, as given to `open`. */
  level: number;
  /** `--boundary--`: no further part follows. */
  close: boolean;
}

/** The boundaries that can end a part right now. */
export class Boundaries {
  readonly #levels = new Map<string, number>();
  /** The first octets of all of them: most lines that begin with two dashes are told apart by one look. */
  readonly #first = new Uint8Array(256);

  get any(): boolean {
    return this.#levels.size > 0;
  }

  /** Where an outer multipart uses the same boundary, its delimiters stay its own: the outer ends the inner (RFC 2046 5.1.2). */
  open(boundary: string, level: number): void {
    if (this.#levels.has(boundary)) return;
    this.#levels.set(boundary, level);
    this.#first[boundary.charCodeAt(0)] = 1;
  }

  /** Forgets the boundaries of all levels from `level` on. */
  close(level: number): void {
    for (const [boundary, at] of this.#levels) if (at >= level) this.#levels.delete(boundary);
    this.#first.fill(0);
    for (const boundary of this.#levels.keys()) this.#first[boundary.charCodeAt(0)] = 1;
  }

  /** Judges one line, `[start, end)` with its line end: RFC 2046 5.1.1 `--boundary`, optional `--`, transport padding, and nothing else. */
  match(line: Buffer, start: number, end: number): Delimiter | undefined {
    if (line[start] !== DASH || line[start + 1] !== DASH || this.#first[line[start + 2] ?? 0] !== 1) return undefined;
    let last = end;
    while (last > start && isSpace(line[last - 1] ?? 0)) last--;
    const text = line.toString('latin1', start + 2, last);
    const level = this.#levels.get(text);
    if (level !== undefined) return { level, close: false };
    const closed = text.endsWith('--') ? this.#levels.get(text.slice(0, -2)) : undefined;
    return closed === undefined ? undefined : { level: closed, close: true };
  }
}
