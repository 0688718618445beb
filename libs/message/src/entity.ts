import { parseAddresses } from './addresses.ts';
import { headerFields, unfold, type HeaderField } from './fields.ts';
import type { ScanLimits } from './limits.ts';
import { boundaryOf, parseParameterised } from './parameters.ts';
import { isToken } from './text.ts';
import type { Address, EnvelopeFields, Part } from './structure.ts';

/** What the header of one part says: everything of Part but where it lies. */
export type Entity = Omit<Part, 'header' | 'body' | 'lines' | 'parts' | 'message'> & {
  /** Of multipart/*, where it can be used. */
  boundary?: string;
};

/** What a header means that has no (or no usable) Content-Type: RFC 2045 5.2, or RFC 2046 5.1.5 inside of a digest. */
export type DefaultType = 'text/plain' | 'message/rfc822';

/** Octets and addresses that may still be interpreted in this message; counted down. */
export interface Budget {
  headerOctets: number;
  addresses: number;
}

/** Reads the Content-* fields of a part's header. The first of a doubled field counts. Never throws. */
export function readEntity(header: Buffer, otherwise: DefaultType, limits: ScanLimits): Entity {
  const fields = contentFields(header, limits);
  const text = (name: string): string | undefined => {
    const field = fields.get(name);
    return field && unfold(header, field.value, field.valueEnd, limits.fieldOctets);
  };
  const entity: Entity = {
    ...mediaType(text('content-type'), otherwise),
    encoding: token(text('content-transfer-encoding')) || '7bit',
  };
  const id = text('content-id');
  const description = text('content-description');
  const md5 = text('content-md5');
  const location = text('content-location');
  const disposition = text('content-disposition');
  const language = text('content-language');
  if (id !== undefined) entity.id = id;
  if (description !== undefined) entity.description = description;
  if (md5 !== undefined) entity.md5 = md5;
  if (location !== undefined) entity.location = location;
  if (disposition !== undefined) {
    const { value, params } = parseParameterised(disposition);
    if (value !== '') entity.disposition = { type: value, params };
  }
  if (language !== undefined) entity.language = language.split(',', 16).map(token).filter(Boolean);
  return entity;
}

function contentFields(header: Buffer, limits: ScanLimits): Map<string, HeaderField> {
  const fields = new Map<string, HeaderField>();
  let seen = 0;
  for (const field of headerFields(header)) {
    if (++seen > limits.headerFields) break;
    if (field.name.length < 10 || field.name.length > 32) continue;
    const name = field.name.toLowerCase();
    if (name.startsWith('content-') && !fields.has(name)) fields.set(name, field);
  }
  return fields;
}

function mediaType(
  field: string | undefined,
  otherwise: DefaultType,
): Pick<Entity, 'type' | 'subtype' | 'params' | 'boundary'> {
  if (field === undefined && otherwise === 'message/rfc822') return { type: 'message', subtype: 'rfc822', params: [] };
  const { value, params } = parseParameterised(field ?? '');
  const slash = value.indexOf('/');
  const type = value.slice(0, Math.max(slash, 0));
  const subtype = value.slice(slash + 1);
  // RFC 2045 5.2: what cannot be understood is plain text; a multipart without a boundary cannot be taken apart.
  const plain: Pick<Entity, 'type' | 'subtype' | 'params'> = {
    type: 'text',
    subtype: 'plain',
    params: [['charset', 'us-ascii']],
  };
  if (!isToken(type) || !isToken(subtype)) return plain;
  if (type !== 'multipart') return { type, subtype, params };
  const boundary = boundaryOf(params);
  return boundary === undefined ? plain : { type, subtype, params, boundary };
}

/** One lower-case token without the comments around it; '' where there is none. */
const token = (text: string | undefined): string => (text === undefined ? '' : parseParameterised(text).value);

/** Where the addresses of a field go; RFC 5322 4.5 lets To, Cc and Bcc occur more than once, of the others the first counts. */
const ADDRESS_FIELDS = new Map<string, { key: 'from' | 'sender' | 'replyTo' | 'to' | 'cc' | 'bcc'; repeats: boolean }>([
  ['from', { key: 'from', repeats: false }],
  ['sender', { key: 'sender', repeats: false }],
  ['reply-to', { key: 'replyTo', repeats: false }],
  ['to', { key: 'to', repeats: true }],
  ['cc', { key: 'cc', repeats: true }],
  ['bcc', { key: 'bcc', repeats: true }],
]);

const TEXT_FIELDS = new Map<string, 'date' | 'subject' | 'messageId' | 'inReplyTo'>([
  ['date', 'date'],
  ['subject', 'subject'],
  ['message-id', 'messageId'],
  ['in-reply-to', 'inReplyTo'],
]);

export const noEnvelope = (): EnvelopeFields => ({ from: [], sender: [], replyTo: [], to: [], cc: [], bcc: [] });

const LONGEST_NAME = 'in-reply-to'.length;

/** Reads the fields of a message header that ENVELOPE shows. Takes the addresses it keeps from the budget. Never throws. */
export function readEnvelope(header: Buffer, limits: ScanLimits, budget: Budget): EnvelopeFields {
  const envelope = noEnvelope();
  let seen = 0;
  for (const field of headerFields(header)) {
    if (++seen > limits.headerFields) break;
    if (field.name.length > LONGEST_NAME) continue;
    const name = field.name.toLowerCase();
    const key = TEXT_FIELDS.get(name);
    if (key !== undefined) envelope[key] ??= unfold(header, field.value, field.valueEnd, limits.fieldOctets);
    const list = ADDRESS_FIELDS.get(name);
    if (list !== undefined)
      addAddresses(
        envelope[list.key],
        list.repeats,
        unfold(header, field.value, field.valueEnd, limits.headerOctets),
        limits,
        budget,
      );
  }
  return envelope;
}

function addAddresses(into: Address[], repeats: boolean, text: string, limits: ScanLimits, budget: Budget): void {
  if (into.length > 0 && !repeats) return;
  const found = parseAddresses(text, Math.min(limits.addresses - into.length, budget.addresses));
  budget.addresses -= found.length;
  into.push(...found);
}
