import type { EnvelopeInput, PartInput } from './structure-input.ts';

type EmbeddedMessage = NonNullable<PartInput['message']>;

/**
 * The message inside of message/rfc822, as BODYSTRUCTURE tells of it and sections find it; undefined for all other parts. The grammar
 * ties the type to an envelope and a body (RFC 3501 7.4.2). Where the message was not taken apart (encoded against RFC 2046 5.2.1, or at a
 * limit) it has no fields, and no octet of text: what it holds is in the part around it.
 */
export function embeddedMessage(part: PartInput): EmbeddedMessage | undefined {
  if (part.type !== 'message' || part.subtype !== 'rfc822') return undefined;
  return part.message ?? closedMessage(part);
}

/** A message of which nothing is shown. */
export function closedMessage({ body: [start] }: PartInput): EmbeddedMessage {
  const root: PartInput = {
    type: 'text',
    subtype: 'plain',
    params: [],
    encoding: '7bit',
    header: [start, start],
    body: [start, start],
    lines: 0,
    parts: [],
  };
  return { envelope: NOTHING_KNOWN, root };
}

const NOTHING_KNOWN: EnvelopeInput = { from: [], sender: [], replyTo: [], to: [], cc: [], bcc: [] };
