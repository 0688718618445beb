/** Text out of bodies, as SEARCH compares it; in steps. */
import type { Buffer } from 'node:buffer';
import { decoderFor } from './charset.ts';
import { FieldIndex } from './field-index.ts';
import { MAX_SEARCH_HEADER, MAX_SEARCH_TEXT, MAX_SEARCH_WORDS } from './limits.ts';
import { fold, headerText } from './search-text.ts';
import { STEP_OCTETS, type Steps } from './steps.ts';
import type { PartInput } from './structure-input.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/**
 * The text of a body, folded. With the parts of the message: the headers of all parts and of embedded messages, and text behind its
 * encodings and charsets; without: the octets as they are. At most MAX_SEARCH_TEXT octets of it.
 * @param body the octets behind the header of the message
 */
export function* bodyText(body: Buffer, root: PartInput | undefined): Steps<string> {
  if (root === undefined) return yield* decoded(body.subarray(0, MAX_SEARCH_TEXT), undefined);
  const budget = { words: MAX_SEARCH_WORDS };
  const pieces: string[] = [];
  let room = MAX_SEARCH_TEXT;
  const origin = root.body[0];
  const take = ([from, to]: PartInput['body'], most = room): Buffer => {
    const octets = body.subarray(from - origin, Math.min(to, from + Math.min(room, most)) - origin);
    room -= octets.length;
    return octets;
  };
  const open: PartInput[] = [root];
  for (let part = open.pop(); part !== undefined && room > 0; part = open.pop()) {
    for (const child of part.parts.toReversed()) open.push(child);
    if (part.message !== undefined) open.push(part.message.root);
    if (part !== root) pieces.push(yield* headerText(new FieldIndex(take(part.header, MAX_SEARCH_HEADER)), budget));
    if (holdsText(part)) {
      const charset = part.params.find(([name]) => name === 'charset')?.[1];
      pieces.push(yield* decoded(yield* decodeTransfer(take(part.body), part.encoding), charset));
    }
    yield;
  }
  return pieces.join('\n');
}

/** Text, reports (message/delivery-status and the like), and what was not taken apart: it is read as it stands. */
function holdsText({ type, parts, message }: PartInput): boolean {
  if (type === 'multipart') return parts.length === 0;
  return type === 'text' || (type === 'message' && message === undefined);
}

/** Folded. Where a step ends inside of a word a final sigma may be taken for another one. */
function* decoded(octets: Buffer, charset: string | undefined): Steps<string> {
  const decoder = decoderFor(octets, charset);
  const pieces: string[] = [];
  for (let from = 0; from < octets.length; from += STEP_OCTETS) {
    pieces.push(fold(decoder.decode(octets.subarray(from, from + STEP_OCTETS), { stream: true })));
    yield;
  }
  pieces.push(fold(decoder.decode()));
  return pieces.join('');
}
