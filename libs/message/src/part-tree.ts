import { Boundaries, type Delimiter } from './boundaries.ts';
import { noEnvelope, readEntity, readEnvelope, type Budget, type DefaultType } from './entity.ts';
import type { ScanLimits } from './limits.ts';
import type { EnvelopeFields, Part } from './structure.ts';

/** Where a line of the message begins: what the end of a part in front of it needs. */
export interface LineStart {
  /** Octets before the line. */
  at: number;
  /** Line ends before the line. */
  lines: number;
  /** Octets of the line end just before the line: 2 (CRLF), 1, or 0 at the very start. */
  eol: number;
}

interface Message {
  envelope: EnvelopeFields;
  root: Part;
}

interface OpenPart {
  part: Part;
  /** Line ends of the message before the body. */
  linesBefore: number;
}

interface OpenHeader {
  start: number;
  otherwise: DefaultType;
}

/** RFC 2045 6.4: an embedded message may only be encoded by identity; some do otherwise, then it is not ours to take apart. */
const IDENTITY = new Set(['7bit', '8bit', 'binary']);

/**
 * Puts the parts together from what the scanner meets: ends of headers and delimiters, with their offsets. Holds the path from the
 * message to the part in hand; the part's header may still be open.
 */
export class PartTree {
  readonly boundaries = new Boundaries();
  readonly #limits: ScanLimits;
  readonly #budget: Budget;
  readonly #path: OpenPart[] = [];
  #header: OpenHeader | undefined = { start: 0, otherwise: 'text/plain' };
  #count = 1;
  #message: Message = { envelope: noEnvelope(), root: nothing() };

  constructor(limits: ScanLimits, budget: Budget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  /** First octet of the header being read; undefined inside of a body. */
  get headerStart(): number | undefined {
    return this.#header?.start;
  }

  /** The header being read is complete: `header` is as much of its text as is interpreted, `end` where the body starts. */
  endHeader(header: Buffer, end: number, lines: number): void {
    if (!this.#header) return;
    const { start, otherwise } = this.#header;
    this.#header = undefined;
    const { boundary, ...entity } = readEntity(header, otherwise, this.#limits);
    const part: Part = { ...entity, header: [start, end], body: [end, end], lines: 0, parts: [] };
    this.#attach(part, header);
    this.#path.push({ part, linesBefore: lines });
    if (this.#path.length >= this.#limits.depth) return;
    if (boundary !== undefined) this.boundaries.open(boundary, this.#path.length - 1);
    else if (holdsMessage(part)) this.#begin(end, 'text/plain');
  }

  /** A delimiter line from `line.at` to `end` was found; a header in front of it must have been ended. */
  delimiter({ level, close }: Delimiter, line: LineStart, end: number): void {
    this.#closeFrom(level + 1, line);
    // What follows the close delimiter is the epilogue: not looked into, but part of the body (RFC 2046 5.1.1).
    if (close) this.boundaries.close(level);
    else this.#begin(end, this.#path[level]?.part.subtype === 'digest' ? 'message/rfc822' : 'text/plain');
  }

  /** The message ends; a header before must have been ended. */
  end(octets: number, lines: number): Message {
    this.#closeFrom(0, { at: octets, lines, eol: 0 });
    return this.#message;
  }

  #begin(start: number, otherwise: DefaultType): void {
    if (this.#count >= this.#limits.parts) return;
    this.#count++;
    this.#header = { start, otherwise };
  }

  #attach(part: Part, header: Buffer): void {
    const parent = this.#path.at(-1)?.part;
    if (parent?.type === 'multipart') {
      parent.parts.push(part);
      return;
    }
    const message = { envelope: readEnvelope(header, this.#limits, this.#budget), root: part };
    if (parent) parent.message = message;
    else this.#message = message;
  }

  /** Ends all open parts from `level` on in front of `line`. */
  #closeFrom(level: number, line: LineStart): void {
    const outermost = this.#path[level];
    if (!outermost) return;
    // RFC 2046 5.1.1: the line end before a delimiter belongs to the delimiter, unless it already ended the header.
    const end = Math.max(outermost.part.body[0], line.at - line.eol);
    const lines = end < line.at ? line.lines - 1 : line.lines;
    for (const { part, linesBefore } of this.#path.splice(level)) {
      part.lines = Math.max(0, lines - linesBefore);
      part.body = [Math.min(part.body[0], end), end];
      // Only inside of the outermost: an empty part may have begun behind that line end.
      if (part !== outermost.part) part.header = [Math.min(part.header[0], end), Math.min(part.header[1], end)];
    }
    this.boundaries.close(level);
  }
}

const nothing = (): Part => ({
  type: 'text',
  subtype: 'plain',
  params: [],
  encoding: '7bit',
  header: [0, 0],
  body: [0, 0],
  lines: 0,
  parts: [],
});

const holdsMessage = (part: Part): boolean =>
  part.type === 'message' && part.subtype === 'rfc822' && IDENTITY.has(part.encoding);
