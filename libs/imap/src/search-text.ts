import { Buffer } from 'node:buffer';
import { decodeText, decodeUnlabelled } from './charset.ts';
import { decodeEncodedWords } from './encoded-words.ts';
import { fieldsOf, type HeaderField } from './header-fields.ts';
import { MAX_SEARCH_TEXT, MAX_SEARCH_WORDS } from './limits.ts';
import type { PartInput } from './structure-input.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** Strings compare without regard to case. RFC 3501 6.4.4 */
export const fold = (text: string): string => text.toLowerCase();

/** One header by field names. The header is read once and a name decoded once, however many keys of a search ask for it. */
export class HeaderValues {
  readonly #header: Buffer;
  #fields: Map<string, HeaderField[]> | undefined;
  readonly #values = new Map<string, readonly string[]>();
  readonly #budget = { words: MAX_SEARCH_WORDS };

  constructor(header: Buffer) {
    this.#header = header.subarray(0, MAX_SEARCH_TEXT);
  }

  /** Folded values of the fields with this name (lower case), encoded words decoded. */
  of(name: string): readonly string[] {
    const known = this.#values.get(name);
    if (known) return known;
    this.#fields ??= fieldsByName(this.#header);
    const fields = this.#fields.get(name) ?? [];
    const values = fields.map(({ value, end }) =>
      fold(decodeEncodedWords(unfolded(this.#header, value, end), this.#budget)),
    );
    this.#values.set(name, values);
    return values;
  }
}

function fieldsByName(header: Buffer): Map<string, HeaderField[]> {
  const fields = new Map<string, HeaderField[]>();
  for (const field of fieldsOf(header)) {
    const name = header.toString('latin1', field.start, field.nameEnd).toLowerCase();
    const same = fields.get(name);
    if (same) same.push(field);
    else fields.set(name, [field]);
  }
  return fields;
}

/** The header, folded, one field a line. At most MAX_SEARCH_TEXT octets of it. */
export function headerText(whole: Buffer): string {
  const header = whole.subarray(0, MAX_SEARCH_TEXT);
  const budget = { words: MAX_SEARCH_WORDS };
  const lines: string[] = [];
  for (const { start, end } of fieldsOf(header)) lines.push(decodeEncodedWords(unfolded(header, start, end), budget));
  return fold(lines.join('\n'));
}

const unfolded = (header: Buffer, from: number, to: number): string =>
  header
    .toString('latin1', from, to)
    .replaceAll(/[\r\n]/g, '')
    .trim();

/**
 * The text of a body, folded. With the parts of the message: the text parts behind their encodings and charsets, and the headers of
 * embedded messages; without: the octets as they are. At most MAX_SEARCH_TEXT octets of it.
 * @param body the octets behind the header of the message
 */
export function bodyText(body: Buffer, root: PartInput | undefined): string {
  if (root === undefined) return fold(decodeUnlabelled(body.subarray(0, MAX_SEARCH_TEXT)));
  const pieces: string[] = [];
  let room = MAX_SEARCH_TEXT;
  const origin = root.body[0];
  const open: PartInput[] = [root];
  for (let part = open.pop(); part !== undefined && room > 0; part = open.pop()) {
    for (const child of part.parts.toReversed()) open.push(child);
    if (part.message !== undefined) {
      const [start, end] = part.message.root.header;
      pieces.push(headerText(body.subarray(start - origin, Math.min(end - origin, start - origin + room))));
      room -= end - start;
      open.push(part.message.root);
    } else if (part.type === 'text' || (part === root && part.type === 'multipart' && part.parts.length === 0)) {
      const octets = body.subarray(
        part.body[0] - origin,
        Math.min(part.body[1] - origin, part.body[0] - origin + room),
      );
      const charset = part.params.find(([name]) => name === 'charset')?.[1];
      pieces.push(fold(decodeText(decodeTransfer(octets, part.encoding), charset)));
      room -= octets.length;
    }
  }
  return pieces.join('\n');
}
