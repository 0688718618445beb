/** Where the octets of a body section lie. RFC 3501 6.4.5 */
import type { Buffer } from 'node:buffer';
import { embeddedMessage } from './embedded-message.ts';
import type { BodySection, SectionText } from './section-spec.ts';
import type { PartInput } from './structure-input.ts';

/** Octets [start, end) of the trace lines that are put on top of this copy, or of the message as received. */
export interface Piece {
  readonly from: 'trace' | 'body';
  readonly start: number;
  readonly end: number;
}

export type SectionPlan =
  /** Send these one after another as one literal of `octets` octets; partial is applied already. */
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[]; readonly octets: number }
  /** Join these, give them to a header filter with `names` and `not`, then cut by `slicePartial`. */
  | {
      readonly kind: 'fields';
      readonly headerPieces: readonly Piece[];
      readonly names: readonly string[];
      readonly not: boolean;
      readonly partial?: PartialSection;
    }
  /** There is no such part: NIL. */
  | { readonly kind: 'nil' };

/** At most `octets` octets, starting at `from`. */
type PartialSection = NonNullable<BodySection['partial']>;

const NIL: SectionPlan = { kind: 'nil' };

/** What a section reads of a MessageIndex; `root` may be left out where `needsIndex` is false. */
export interface SectionSource {
  readonly octets: number;
  readonly headerOctets: number;
  readonly root?: PartInput;
}

/** False when the section can be planned without the parts of the message: its index need not be loaded. */
export const needsIndex = (section: BodySection): boolean => section.part.length > 0;

/**
 * @param message MessageIndex, or its two lengths alone where `needsIndex` is false
 * @param traceOctets length of the trace lines on top of this copy
 * @returns pieces in order; offsets are in octets. RFC822, RFC822.HEADER and RFC822.TEXT are sections without part numbers.
 */
export function planSection(message: SectionSource, section: BodySection, traceOctets: number): SectionPlan {
  const { part, text, fields = [], partial } = section;
  const pieces =
    part.length === 0
      ? piecesOfMessage(message, text, traceOctets)
      : message.root && piecesOfPart(message.root, section, traceOctets);
  if (pieces === undefined) return NIL;
  if (text === 'HEADER.FIELDS' || text === 'HEADER.FIELDS.NOT') {
    const plan = { kind: 'fields', headerPieces: pieces, names: fields, not: text === 'HEADER.FIELDS.NOT' } as const;
    return partial === undefined ? plan : { ...plan, partial };
  }
  const shown = partial === undefined ? pieces : slicePieces(pieces, partial);
  return { kind: 'pieces', pieces: shown, octets: octetsOf(shown) };
}

/** `octets` octets from `from` on; less, or none, where the pieces end before. RFC 3501 6.4.5 */
export function slicePieces(pieces: readonly Piece[], partial: PartialSection): Piece[] {
  const sliced: Piece[] = [];
  let skip = partial.from;
  let room = partial.octets;
  for (const { from, start, end } of pieces) {
    const length = end - start;
    const begin = start + Math.min(skip, length);
    const stop = Math.min(end, begin + room);
    skip = Math.max(0, skip - length);
    room -= stop - begin;
    if (stop > begin) sliced.push({ from, start: begin, end: stop });
  }
  return sliced;
}

/** The same for octets at hand: what a header filter gave. */
export const slicePartial = (octets: Buffer, partial: PartialSection | undefined): Buffer =>
  partial === undefined ? octets : octets.subarray(partial.from, partial.from + partial.octets);

export function octetsOf(pieces: readonly Piece[]): number {
  let octets = 0;
  for (const { start, end } of pieces) octets += end - start;
  return octets;
}

function piecesOfMessage(message: SectionSource, text: SectionText, traceOctets: number): Piece[] | undefined {
  const { octets, headerOctets } = message;
  switch (text) {
    case 'all':
      return [...range('trace', [0, traceOctets]), ...range('body', [0, octets])];
    case 'TEXT':
      return range('body', [headerOctets, octets]);
    case 'HEADER':
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      return [...range('trace', [0, traceOctets]), ...range('body', [0, headerOctets])];
    case 'MIME':
      return undefined;
  }
}

function piecesOfPart(root: PartInput, { text, part }: BodySection, traceOctets: number): Piece[] | undefined {
  const found = findPart(root, part);
  if (found === undefined) return undefined;
  const message = embeddedMessage(found);
  switch (text) {
    case 'all':
      return range('body', found.body);
    case 'MIME':
      // The only part of a message that is no multipart has the header of the message.
      return [...(found === root ? range('trace', [0, traceOctets]) : []), ...range('body', found.header)];
    case 'TEXT':
      return message && range('body', message.root.body);
    case 'HEADER':
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      return message && range('body', message.root.header);
  }
}

function range(from: Piece['from'], [start, end]: readonly [number, number]): Piece[] {
  return end > start ? [{ from, start, end }] : [];
}

/**
 * The part with this number. Numbers count the parts of a multipart; a message that is no multipart has itself as part 1;
 * message/rfc822 goes on with the parts of the message inside. RFC 3501 6.4.5
 */
export function findPart(root: PartInput, numbers: readonly number[]): PartInput | undefined {
  let message: PartInput | undefined = root;
  let parts = partsOf(root);
  let found: PartInput | undefined;
  for (const number of numbers) {
    if (message !== undefined && parts.length === 0) found = number === 1 ? message : undefined;
    else found = parts[number - 1];
    if (found === undefined) return undefined;
    message = embeddedMessage(found)?.root;
    parts = partsOf(message ?? found);
  }
  return found;
}

const NO_PARTS: readonly PartInput[] = [];
const partsOf = (part: PartInput | undefined): readonly PartInput[] =>
  part?.type === 'multipart' ? part.parts : NO_PARTS;
