/** Where the fields of a header lie: read once, asked many times, by names compared without a string for each. */
import { Buffer } from 'node:buffer';
import { MAX_INDEXED_FIELDS } from './limits.ts';
import { COLON, CR, LF, SP, TAB } from './octets.ts';

/** Octets for which a field costs room before it is known how many there are. */
const OCTETS_A_FIELD = 32;

/** The fields up to the empty line, to the end of the octets, or to the bound: offsets into `header`. */
export class FieldIndex {
  readonly header: Buffer;
  /** Behind the last field. */
  readonly end: number;
  readonly count: number;
  readonly #starts: Uint32Array;
  readonly #nameEnds: Uint32Array;
  readonly #hashes: Int32Array;

  constructor(header: Buffer) {
    this.header = header;
    let room = Math.min(MAX_INDEXED_FIELDS, 16 + Math.floor(header.length / OCTETS_A_FIELD));
    let starts = new Uint32Array(room);
    let nameEnds = new Uint32Array(room);
    let hashes = new Int32Array(room);
    let count = 0;
    let at = 0;
    while (at < header.length && !isEmptyLine(header, at) && count < MAX_INDEXED_FIELDS) {
      if (count === room) {
        room = Math.min(MAX_INDEXED_FIELDS, 2 * room);
        starts = grown(starts, new Uint32Array(room));
        nameEnds = grown(nameEnds, new Uint32Array(room));
        hashes = grown(hashes, new Int32Array(room));
      }
      const nameEnd = nameEndOf(header, at);
      starts[count] = at;
      nameEnds[count] = nameEnd;
      hashes[count++] = hashOf(header, at, nameEnd);
      at = fieldEnd(header, nameEnd);
    }
    this.count = count;
    this.end = at;
    this.#starts = starts;
    this.#nameEnds = nameEnds;
    this.#hashes = hashes;
  }

  startOf(field: number): number {
    return field < this.count ? (this.#starts[field] ?? 0) : this.end;
  }

  /** Behind the line end of the last folded line. */
  endOf(field: number): number {
    return this.startOf(field + 1);
  }

  /** Behind the colon; the start of the field where it has no name. */
  valueOf(field: number): number {
    const start = this.startOf(field);
    const nameEnd = this.#nameEnds[field] ?? start;
    return nameEnd === start ? start : this.header.indexOf(COLON, nameEnd) + 1;
  }

  isNamed(field: number, names: FieldNames): boolean {
    const hash = this.#hashes[field] ?? 0;
    // Nearly all are told apart here.
    return names.mayHold(hash) && names.hold(this.header.subarray(this.startOf(field), this.#nameEnds[field]));
  }
}

/** Names of fields, in any case. */
export class FieldNames {
  readonly #names: ReadonlySet<string>;
  readonly #hashes = new Set<number>();

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    for (const name of this.#names) {
      const octets = Buffer.from(name, 'latin1');
      this.#hashes.add(hashOf(octets, 0, octets.length));
    }
  }

  mayHold(hash: number): boolean {
    return this.#hashes.has(hash);
  }

  hold(name: Buffer): boolean {
    return this.#names.has(name.toString('latin1').toLowerCase());
  }
}

function grown<Table extends Uint32Array | Int32Array>(from: Table, to: Table): Table {
  to.set(from);
  return to;
}

/** RFC 5322 4.5: old mail has white space before the colon. The start where the first line has no colon. */
function nameEndOf(header: Buffer, start: number): number {
  let end = start;
  while (end < header.length && header[end] !== LF && header[end] !== COLON) end++;
  if (header[end] !== COLON) return start;
  while (end > start && isBlank(header[end - 1])) end--;
  return end;
}

/** Behind the field that goes on at `from`. */
function fieldEnd(header: Buffer, from: number): number {
  let at = from;
  do {
    while (at < header.length && header[at] !== LF) at++;
    at++;
  } while (isBlank(header[at]));
  return Math.min(at, header.length);
}

/** The same for both cases of a letter; what else collides is told apart by the names themselves. */
function hashOf(octets: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + ((octets[at] ?? 0) | 0x20)) | 0;
  return hash;
}

const isBlank = (octet: number | undefined): boolean => octet === SP || octet === TAB;

const isEmptyLine = (header: Buffer, at: number): boolean =>
  header[at] === LF || (header[at] === CR && (header[at + 1] === LF || at + 1 === header.length));
