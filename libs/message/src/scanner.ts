import type { Budget } from './entity.ts';
import { HeaderText } from './header-text.ts';
import { MAX_DELIMITER_LINE, scanLimits, type ScanLimits } from './limits.ts';
import { CR, DASH, LF, nextLf } from './octets.ts';
import { PartTree } from './part-tree.ts';
import type { MessageIndex } from './structure.ts';

const NOTHING = Buffer.alloc(0);

/** A line with its line end: `[from, to)` of a buffer, and where it lies in the message. */
interface Line {
  octets: Buffer;
  from: number;
  to: number;
  at: number;
  /** Octets of the line end before it. */
  eol: number;
}

/**
 * Finds the MIME structure of a message while it arrives (RFC 5322, RFC 2045, RFC 2046). Total: any octets give an index.
 * Keeps no bodies; of headers only the text of the one in hand, under the limits. A line ends with LF, a CR before it belongs to
 * the line end; a header ends with its first empty line, where there is none it is all of the part.
 */
export class MessageScanner {
  readonly #limits: ScanLimits;
  readonly #budget: Budget;
  readonly #tree: PartTree;
  readonly #header = new HeaderText();
  /** Octets and line ends before the chunk in hand; line ends are counted as they pass. */
  #offset = 0;
  #lines = 0;
  /** The last two octets before the chunk in hand. */
  #last = 0;
  #lastButOne = 0;
  /** The chunk before ended inside a line that cannot matter. */
  #passing = false;
  /** The chunk before ended inside a line that may be a delimiter or end a header: its start and first octets. */
  #held: { at: number; eol: number; octets: Buffer; length: number } | undefined;

  constructor(limits: Partial<ScanLimits> = {}) {
    this.#limits = { ...scanLimits, ...limits };
    this.#budget = { headerOctets: this.#limits.allHeaderOctets, addresses: this.#limits.allAddresses };
    this.#tree = new PartTree(this.#limits, this.#budget);
  }

  /** Takes the next octets of the message, cut anywhere. The chunk is not kept. */
  write(chunk: Buffer): void {
    let at = this.#passing || this.#held ? this.#endOpenLine(chunk) : 0;
    while (at < chunk.length) at = this.#scanLines(chunk, at);
    this.#keepHeader(chunk);
    this.#offset += chunk.length;
    if (chunk.length > 0) {
      this.#lastButOne = chunk.length > 1 ? (chunk[chunk.length - 2] ?? 0) : this.#last;
      this.#last = chunk[chunk.length - 1] ?? 0;
    }
  }

  /** The message is complete. Nothing may be written afterwards. */
  end(): MessageIndex {
    const octets = this.#offset;
    const held = this.#held;
    if (held) this.#judge(NOTHING, { ...held, from: 0, to: held.length }, octets);
    this.#endHeader(NOTHING, octets, this.#lines);
    const { root, envelope } = this.#tree.end(octets, this.#lines);
    return { octets, headerOctets: root.header[1], root, envelope };
  }

  /** Goes from line start to line start until the mode changes or the chunk ends; returns where it stopped. */
  #scanLines(chunk: Buffer, from: number): number {
    const inHeader = this.#tree.headerStart !== undefined;
    const delimited = this.#tree.boundaries.any;
    let at = from;
    while (at < chunk.length) {
      const first = chunk[at];
      const matters = (delimited && first === DASH) || (inHeader && (first === CR || first === LF));
      const lf = nextLf(chunk, at);
      if (lf === -1) {
        if (matters) this.#hold(chunk, at);
        else this.#passing = true;
        return chunk.length;
      }
      const line = matters ? this.#line(chunk, at, lf + 1) : undefined;
      at = lf + 1;
      if (line && this.#judge(chunk, line, this.#offset + at)) {
        this.#lines++;
        return at;
      }
      this.#lines++;
    }
    return at;
  }

  /** Judges a line that may matter; true when it did. Line ends are counted up to its start. */
  #judge(chunk: Buffer, line: Line, end: number): boolean {
    if (end - line.at > MAX_DELIMITER_LINE) return false;
    const delimiter = this.#tree.boundaries.match(line.octets, line.from, line.to);
    if (delimiter) {
      this.#endHeader(chunk, line.at, this.#lines);
      this.#tree.delimiter(delimiter, { at: line.at, eol: line.eol, lines: this.#lines }, end);
      return true;
    }
    const start = this.#tree.headerStart;
    if (start === undefined || !isEmpty(line)) return false;
    this.#tree.endHeader(this.#headerText(chunk, start, end), end, this.#lines + 1);
    return true;
  }

  /** Ends the header in hand, if any, in front of `end`: there was no empty line. An embedded message that begins there ends there, too. */
  #endHeader(chunk: Buffer, end: number, lines: number): void {
    for (let start = this.#tree.headerStart; start !== undefined; start = this.#tree.headerStart) {
      this.#tree.endHeader(this.#headerText(chunk, start, end), end, lines);
    }
  }

  #headerText(chunk: Buffer, start: number, end: number): Buffer {
    const wanted = Math.min(end - start, this.#headerLimit());
    const from = start - this.#offset;
    if (from < 0) this.#header.append(chunk.subarray(0, Math.max(0, end - this.#offset)), wanted);
    const text = from < 0 ? this.#header.take(wanted) : chunk.subarray(from, from + wanted);
    this.#budget.headerOctets -= text.length;
    return text;
  }

  #headerLimit(): number {
    return Math.min(this.#limits.headerOctets, this.#budget.headerOctets);
  }

  /** The header in hand goes on in the next chunk. */
  #keepHeader(chunk: Buffer): void {
    const start = this.#tree.headerStart;
    if (start !== undefined)
      this.#header.append(chunk.subarray(Math.max(0, start - this.#offset)), this.#headerLimit());
  }

  #hold(chunk: Buffer, at: number): void {
    const octets = Buffer.allocUnsafe(MAX_DELIMITER_LINE);
    const length = chunk.copy(octets, 0, at);
    this.#held = { at: this.#offset + at, eol: this.#eolBefore(chunk, at), octets, length };
  }

  /** Finishes the line that the chunk before left open; returns where the next line starts. */
  #endOpenLine(chunk: Buffer): number {
    const lf = nextLf(chunk, 0);
    const next = lf === -1 ? chunk.length : lf + 1;
    const held = this.#held;
    if (held) held.length += chunk.copy(held.octets, held.length, 0, next);
    if (lf === -1) return next;
    this.#held = undefined;
    this.#passing = false;
    if (held) this.#judge(chunk, { ...held, from: 0, to: held.length }, this.#offset + next);
    this.#lines++;
    return next;
  }

  #line(chunk: Buffer, from: number, to: number): Line {
    return { octets: chunk, from, to, at: this.#offset + from, eol: this.#eolBefore(chunk, from) };
  }

  #eolBefore(chunk: Buffer, at: number): number {
    if (this.#offset + at === 0) return 0;
    const octet = at >= 2 ? chunk[at - 2] : at === 1 ? this.#last : this.#lastButOne;
    return octet === CR ? 2 : 1;
  }
}

function isEmpty({ octets, from, to }: Line): boolean {
  const length = to - from;
  return length === 1 ? octets[from] === LF : length === 2 && octets[from] === CR && octets[from + 1] === LF;
}
