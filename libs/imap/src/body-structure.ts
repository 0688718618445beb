import { closedMessage, embeddedMessage } from './embedded-message.ts';
import { encodeEnvelope } from './envelope.ts';
import { encodeField } from './responses/strings.ts';
import type { PartInput } from './structure-input.ts';

/**
 * Levels of parts that BODYSTRUCTURE shows; a multipart or message below is shown without what is in it.
 * Keeps encoding total on structures that were not made by our scanner, which stops earlier.
 */
export const MAX_STRUCTURE_DEPTH = 200;

/**
 * BODYSTRUCTURE: with the extension data. RFC 3501 7.4.2.
 * In and out: octets decoded as latin1, to be sent with the 'latin1' encoding. Made once, at delivery.
 */
export function encodeBodyStructure(part: PartInput): string {
  return encodePart(part, true, 0);
}

/** BODY: the same without the extension data. RFC 3501 7.4.2 */
export function encodeBody(part: PartInput): string {
  return encodePart(part, false, 0);
}

function encodePart(part: PartInput, extended: boolean, depth: number): string {
  const open = depth < MAX_STRUCTURE_DEPTH;
  if (open && part.type === 'multipart' && part.parts.length > 0) return multipart(part, extended, depth);
  return single(part, extended, depth, open);
}

function multipart(part: PartInput, extended: boolean, depth: number): string {
  let text = '(';
  for (const child of part.parts) text += encodePart(child, extended, depth + 1);
  text += ` ${encodeField(part.subtype)}`;
  if (extended) text += ` ${parameters(part.params)} ${tail(part)}`;
  return `${text})`;
}

function single(part: PartInput, extended: boolean, depth: number, open: boolean): string {
  const { type, subtype } = shownType(part);
  let text =
    `(${encodeField(type)} ${encodeField(subtype)} ${parameters(part.params)} ${encodeField(part.id)}` +
    ` ${encodeField(part.description)} ${encodeField(part.encoding)} ${part.body[1] - part.body[0]}`;
  const message = embeddedMessage(part);
  if (type === 'text') text += ` ${part.lines}`;
  else if (message !== undefined) {
    const { envelope, root } = open ? message : closedMessage(part);
    text += ` ${encodeEnvelope(envelope)} ${encodePart(root, extended, depth + 1)} ${part.lines}`;
  }
  if (extended) text += ` ${encodeField(part.md5)} ${tail(part)}`;
  return `${text})`;
}

/**
 * The type a client is told. The grammar ties multipart to children: one that has none (cut at a limit, no delimiter found) is shown as
 * octets, or clients misread all that follows.
 */
const shownType = ({ type, subtype }: PartInput): Pick<PartInput, 'type' | 'subtype'> =>
  type === 'multipart' ? { type: 'application', subtype: 'octet-stream' } : { type, subtype };

function tail(part: PartInput): string {
  const { disposition, language, location } = part;
  const shown = disposition ? `(${encodeField(disposition.type)} ${parameters(disposition.params)})` : 'NIL';
  return `${shown} ${languages(language)} ${encodeField(location)}`;
}

function languages(tags: readonly string[] | undefined): string {
  const [first, ...rest] = tags ?? [];
  if (first === undefined) return 'NIL';
  return rest.length === 0 ? encodeField(first) : `(${tags?.map(encodeField).join(' ')})`;
}

function parameters(params: readonly (readonly [string, string])[]): string {
  if (params.length === 0) return 'NIL';
  let list = '';
  for (const [name, value] of params) list += `${list === '' ? '(' : ' '}${encodeField(name)} ${encodeField(value)}`;
  return `${list})`;
}
