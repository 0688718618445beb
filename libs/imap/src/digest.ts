/** What is computed once from a message's octets, in the form that is stored and that FETCH sends: `#domain`'s MessageDigest. */
import { encodeBodyStructure } from './body-structure.ts';
import { encodeEnvelope } from './envelope.ts';
import { MAX_MESSAGE_ID } from './limits.ts';
import type { EnvelopeInput, MessageIndexInput } from './structure-input.ts';

export const digestOf = (index: MessageIndexInput & { readonly envelope: EnvelopeInput }) => ({
  octets: index.octets,
  headerOctets: index.headerOctets,
  headerMessageId: index.envelope.messageId?.slice(0, MAX_MESSAGE_ID),
  envelope: encodeEnvelope(index.envelope),
  bodyStructure: encodeBodyStructure(index.root),
  mimeIndex: JSON.stringify(index),
});
