import { encodeField } from './responses/strings.ts';
import type { AddressInput, EnvelopeInput } from './structure-input.ts';

/**
 * ENVELOPE as FETCH sends it. RFC 3501 7.4.2. In and out: octets decoded as latin1, to be sent with the 'latin1' encoding.
 * Total and linear; made once, at delivery.
 */
export function encodeEnvelope(fields: EnvelopeInput): string {
  const from = addressList(fields.from);
  // RFC 3501 7.4.2: the server fills in Sender and Reply-To from From where they are absent or empty.
  const sender = fields.sender.length === 0 ? from : addressList(fields.sender);
  const replyTo = fields.replyTo.length === 0 ? from : addressList(fields.replyTo);
  return (
    `(${encodeField(fields.date)} ${encodeField(fields.subject)} ${from} ${sender} ${replyTo}` +
    ` ${addressList(fields.to)} ${addressList(fields.cc)} ${addressList(fields.bcc)}` +
    ` ${encodeField(fields.inReplyTo)} ${encodeField(fields.messageId)})`
  );
}

function addressList(addresses: readonly AddressInput[]): string {
  if (addresses.length === 0) return 'NIL';
  let list = '(';
  for (const { name, route, mailbox, host } of addresses)
    list += `(${encodeField(name)} ${encodeField(route)} ${encodeField(mailbox)} ${encodeField(host)})`;
  return `${list})`;
}
