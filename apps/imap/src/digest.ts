/** What is computed once from a message's octets, in the form that is stored and that FETCH sends. */
import type { MessageDigest } from '#domain';
import { encodeBodyStructure, encodeEnvelope } from '#imap';
import type { MessageIndex } from '#message';

/** Characters of a Message-ID that `trace` can find it by. */
const MAX_MESSAGE_ID = 998;

export const digestOf = (index: MessageIndex): MessageDigest => ({
  octets: index.octets,
  headerOctets: index.headerOctets,
  headerMessageId: index.envelope.messageId?.slice(0, MAX_MESSAGE_ID),
  envelope: encodeEnvelope(index.envelope),
  bodyStructure: encodeBodyStructure(index.root),
  mimeIndex: JSON.stringify(index),
});
