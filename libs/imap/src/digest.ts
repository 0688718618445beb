/** What is computed once from a message's octets, in the form that is stored and that FETCH sends: `#domain`'s MessageDigest. */
import { Buffer, isUtf8 } from 'node:buffer';
import { encodeBodyStructure } from './body-structure.ts';
import { encodeEnvelope } from './envelope.ts';
import { MAX_MESSAGE_ID } from './limits.ts';
import type { EnvelopeInput, MessageIndexInput } from './structure-input.ts';

export const digestOf = (index: MessageIndexInput & { readonly envelope: EnvelopeInput }) => ({
  octets: index.octets,
  headerOctets: index.headerOctets,
  headerMessageId: index.envelope.messageId === undefined ? undefined : readable(index.envelope.messageId),
  envelope: encodeEnvelope(index.envelope),
  bodyStructure: encodeBodyStructure(index.root),
  mimeIndex: JSON.stringify(index),
});

/** The text of octets that came as latin1, bounded: RFC 6532 3.3 allows UTF-8 in a Message-ID, and people ask for what they see. */
function readable(octets: string): string {
  const kept = Buffer.from(octets.slice(0, MAX_MESSAGE_ID), 'latin1');
  return isUtf8(kept) ? kept.toString('utf8') : kept.toString('latin1');
}
