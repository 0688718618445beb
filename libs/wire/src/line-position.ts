import type { Buffer } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;

/** Where a stream of octets stands: at a line's start, behind a CR, or inside a line. Only CRLF ends a line. */
export class LinePosition {
  #at: 'line-start' | 'cr' | 'inside' = 'line-start';

  get at(): 'line-start' | 'cr' | 'inside' {
    return this.#at;
  }

  /** The next octets passed, cut anywhere. */
  pass(chunk: Buffer): void {
    if (chunk.length === 0) return;
    const last = chunk.at(-1);
    const beforeLast = chunk.length > 1 ? chunk.at(-2) : this.#at === 'cr' ? CR : undefined;
    if (last === CR) this.#at = 'cr';
    else this.#at = last === LF && beforeLast === CR ? 'line-start' : 'inside';
  }
}
