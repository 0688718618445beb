/**
 * Checks the octets of DATA as they stream in, after dot-unstuffing: RFC 5321 2.3.8 (CR and LF only as CRLF), 4.5.2,
 * 4.5.3.1.6 and 6.3. Reports the first violation by position in the stream, the same for every way of cutting it.
 */
import { Buffer } from 'node:buffer';
import { DATA_LIMITS, type DataLimits, type DataViolation, type HeaderFacts } from './data-limits.ts';
import { HeaderScan } from './header-scan.ts';

const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);

export class DataInspector {
  readonly #limits: DataLimits;
  readonly #header: HeaderScan;
  #octets = 0;
  #violation: DataViolation | undefined;
  /** Octets of the current line in earlier chunks, a CR at their end not counted. */
  #column = 0;
  #pendingCr = false;
  /** The first #column octets of the current header line; the body's lines are not kept. */
  #held: Buffer | undefined;

  constructor(limits: Partial<DataLimits> = {}) {
    this.#limits = { ...DATA_LIMITS, ...limits };
    this.#header = new HeaderScan(this.#limits);
  }

  /** Octets pushed so far, those after a violation included. */
  get octets(): number {
    return this.#octets;
  }

  get violation(): DataViolation | undefined {
    return this.#violation;
  }

  /** Takes the next chunk. After the first violation octets are only counted, so that the rest can be drained cheaply. */
  push(chunk: Buffer): DataViolation | undefined {
    this.#octets += chunk.length;
    if (this.#violation || chunk.length === 0) return this.#violation;
    const nul = chunk.indexOf(0);
    this.#violation = this.#scan(nul === -1 ? chunk : chunk.subarray(0, nul));
    if (nul !== -1) this.#violation ??= this.#pendingCr ? 'bare-cr' : 'nul';
    if (this.#violation) this.#held = undefined;
    return this.#violation;
  }

  /** Call once behind the last chunk; then the header facts are complete. */
  finish(): DataViolation | undefined {
    if (!this.#violation && this.#pendingCr) this.#violation = 'bare-cr';
    if (!this.#violation && !this.#header.over) {
      if (this.#column > 0) this.#violation = this.#lineEnd(EMPTY);
      this.#header.end();
    }
    return this.#violation;
  }

  /** What the header said so far; of a refused message only what stands before the violation. */
  header(): HeaderFacts {
    return this.#header.facts();
  }

  #scan(chunk: Buffer): DataViolation | undefined {
    let start = 0;
    if (this.#pendingCr && chunk.length > 0) {
      if (chunk[0] !== LF) return 'bare-cr';
      const violation = this.#lineEnd(EMPTY);
      if (violation) return violation;
      start = 1;
    }
    while (start < chunk.length) {
      const lf = chunk.indexOf(LF, start);
      const cr = chunk.indexOf(CR, start);
      if (cr === -1 || cr !== lf - 1) return this.#irregular(chunk, start, cr, lf);
      if (this.#column + cr - start > this.#limits.line) return 'line-too-long';
      if (this.#header.over) {
        this.#column = 0;
      } else {
        const violation = this.#lineEnd(chunk.subarray(start, cr));
        if (violation) return violation;
      }
      start = lf + 1;
    }
    return undefined;
  }

  /** What is left of the chunk is not a line that ends in CRLF: the chunk's partial last line, or a violation. */
  #irregular(chunk: Buffer, start: number, cr: number, lf: number): DataViolation | undefined {
    const end = Math.min(cr === -1 ? chunk.length : cr, lf === -1 ? chunk.length : lf);
    if (this.#column + end - start > this.#limits.line) return 'line-too-long';
    if (end === lf) return 'bare-lf';
    if (end === cr && cr !== chunk.length - 1) return 'bare-cr';
    if (!this.#header.over) this.#hold(chunk.subarray(start, end));
    this.#column += end - start;
    this.#pendingCr = end === cr;
    return undefined;
  }

  /** The line ends behind `tail`. */
  #lineEnd(tail: Buffer): DataViolation | undefined {
    let line = tail;
    if (this.#held && !this.#header.over) {
      this.#hold(tail);
      line = this.#held.subarray(0, this.#column + tail.length);
    }
    this.#held = undefined;
    this.#pendingCr = false;
    this.#column = 0;
    return this.#header.over ? undefined : this.#header.line(line);
  }

  // Copies: the chunk is not ours to keep. The line limit was checked before, so the octets fit.
  #hold(part: Buffer): void {
    this.#held ??= Buffer.allocUnsafeSlow(this.#limits.line);
    part.copy(this.#held, this.#column);
  }
}
