/** Body sections of one message: from memory where they are, else streamed piece by piece. RFC 3501 6.4.5. */
import type { MessageRow } from '#domain';
import {
  FieldIndex,
  headerFilter,
  planSection,
  slicePartial,
  type BodySection,
  type FetchResponse,
  type HeaderFilter,
  type MessageIndexInput,
  type PartInput,
  type Piece,
} from '#imap';
import { Buffer } from 'node:buffer';
import type { Client } from './client.ts';
import { MAX_FILTERED_HEADER } from './limits.ts';

/** A section as a command asks for it of every message. */
export interface WantedSection {
  readonly section: BodySection;
  readonly filter: HeaderFilter | undefined;
}

export const wantedSection = (section: BodySection): WantedSection => ({
  section,
  filter: section.fields && headerFilter(section.fields, section.text === 'HEADER.FIELDS.NOT'),
});

/** The parts of a message as they were stored; undefined where none were. */
export function rootOf({ mimeIndex }: MessageRow): PartInput | undefined {
  if (!mimeIndex) return undefined;
  const index: MessageIndexInput = JSON.parse(mimeIndex);
  return index.root;
}

/** One message while it is answered, with what several items read of it. */
export class AnsweredMessage {
  readonly row: MessageRow;
  readonly root: PartInput | undefined;
  /** Of the header that was filtered last: a FETCH may ask a hundred times for fields of the same. */
  #fields: { readonly part: string; readonly index: FieldIndex } | undefined;

  /** @param structured the parts are needed */
  constructor(row: MessageRow, structured: boolean) {
    this.row = row;
    this.root = structured ? rootOf(row) : undefined;
  }

  knownFields(part: readonly number[]): FieldIndex | undefined {
    return this.#fields?.part === part.join('.') ? this.#fields.index : undefined;
  }

  fieldsOf(part: readonly number[], header: Buffer): FieldIndex {
    this.#fields = { part: part.join('.'), index: new FieldIndex(header) };
    return this.#fields.index;
  }
}

/** Adds the section to the response; a promise where it has to be read or waited for. */
export function writeSection(
  client: Client,
  response: FetchResponse,
  { section, filter }: WantedSection,
  message: AnsweredMessage,
): Promise<void> | undefined {
  const { row, root } = message;
  const { bodyOctets, headerOctets } = row;
  const lengths = { octets: bodyOctets, headerOctets };
  const plan = planSection(root ? { ...lengths, root } : lengths, section, row.octets - bodyOctets);
  switch (plan.kind) {
    case 'nil':
      response.item(section.label, 'NIL');
      return undefined;
    case 'fields': {
      const write = (index: FieldIndex): void => {
        const octets = slicePartial(filter ? filter(index) : index.header, plan.partial);
        announce(client, response, section.label, octets.length);
        client.out.addOctets(octets);
      };
      const known = message.knownFields(section.part);
      const header = known ? known.header : gather(client, row, plan.headerPieces);
      if (!Buffer.isBuffer(header)) return header.then((late) => write(message.fieldsOf(section.part, late)));
      write(known ?? message.fieldsOf(section.part, header));
      return undefined;
    }
    case 'pieces':
      return writePieces(client, response, section.label, row, plan.pieces, plan.octets);
  }
}

function announce({ out }: Client, response: FetchResponse, label: string, octets: number): void {
  out.add(response.literal(label, octets).take());
}

function writePieces(
  client: Client,
  response: FetchResponse,
  label: string,
  row: MessageRow,
  pieces: readonly Piece[],
  octets: number,
): Promise<void> | undefined {
  const held: Buffer[] = [];
  const write = (): void => {
    announce(client, response, label, octets);
    for (const part of held) client.out.addOctets(part);
  };
  for (const piece of pieces) {
    const found = inMemory(row, piece);
    if (!found) return streamPieces(client, write, piecesOf(client, row, pieces.slice(held.length)));
    held.push(found);
  }
  write();
  return undefined;
}

function inMemory({ trace, header, body, headerOctets }: MessageRow, { from, start, end }: Piece): Buffer | undefined {
  if (from === 'trace') return trace?.subarray(start, end);
  return body?.subarray(start, end) ?? (end <= headerOctets ? header?.subarray(start, end) : undefined);
}

/** @param begin announces the literal, and what of it is in memory in front of the stream */
async function streamPieces({ out }: Client, begin: () => void, stream: AsyncGenerator<Buffer, void>): Promise<void> {
  // The store is asked before the literal is announced: until then a failure can still be told.
  let next = await stream.next();
  begin();
  try {
    for (; next.done !== true && out.open; next = await stream.next()) {
      out.addOctets(next.value);
      if (out.full) await out.flush();
    }
  } finally {
    await stream.return();
  }
}

async function* piecesOf(
  { store, selected }: Client,
  row: MessageRow,
  pieces: readonly Piece[],
): AsyncGenerator<Buffer, void> {
  for (const piece of pieces) {
    const found = inMemory(row, piece);
    if (found) yield found;
    else yield* store.stream(selected.ref, row.messageId, piece.start, piece.end);
  }
}

/** The header as one; what lies behind MAX_FILTERED_HEADER is not looked at. */
function gather(client: Client, row: MessageRow, pieces: readonly Piece[]): Buffer | Promise<Buffer> {
  const held: Buffer[] = [];
  for (const piece of pieces) {
    const found = inMemory(row, piece);
    if (!found) return gatherStream(client, row, pieces);
    held.push(found);
  }
  return held.length === 1 && held[0] ? held[0] : Buffer.concat(held);
}

async function gatherStream(client: Client, row: MessageRow, pieces: readonly Piece[]): Promise<Buffer> {
  const held: Buffer[] = [];
  let octets = 0;
  for await (const part of piecesOf(client, row, pieces)) {
    held.push(part);
    octets += part.length;
    if (octets >= MAX_FILTERED_HEADER) break;
  }
  return Buffer.concat(held);
}
