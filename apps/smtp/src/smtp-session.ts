/** What one connection knows of the transaction under way; smtp-server keeps its own, smaller idea of it. */
import { canonicalLocal, showAddress, type IntakeRecipient, type MessageId } from '#domain';
import type { MailParameters, MailboxPath, ReversePath } from '#smtp';

export interface AcceptedRecipient extends IntakeRecipient {
  /** As parsed; undefined for bare postmaster. */
  readonly path: Pick<MailboxPath, 'local' | 'domain'>;
  /** Octets that there was room for at RCPT. */
  readonly room: number;
  /** That it is expanded to. */
  readonly places: number;
}

export interface Transaction {
  /** Given at MAIL, so that refusals and the message share it. */
  readonly id: MessageId;
  readonly reversePath: ReversePath;
  readonly parameters: MailParameters;
  /** Each address once, as it came first. */
  readonly recipients: AcceptedRecipient[];
  /** The same by address. */
  readonly addresses: Map<string, AcceptedRecipient>;
  /** RCPT commands that were answered 250, repeated ones too. */
  accepted: number;
  /** Of the message, with those that its recipients are expanded to. */
  rows: number;
  /** Of the budget for envelopes. */
  octets: number;
  /** From DATA on, until the message is stored or given up: it outlives the session's interest in it. */
  inIntake: boolean;
}

export interface Peer {
  readonly helo: string;
  readonly remoteAddress: string;
  /** EHLO rather than HELO. */
  readonly extended: boolean;
}

/** As the directory compares them: `Bob@EXAMPLE.org` is `bob@example.org`. */
export const recipientKey = ({ local, domain }: AcceptedRecipient['path']): string =>
  showAddress({ local: canonicalLocal(local), domain });

/**
 * A forward-path that is named again is the recipient it was: one delivery, with what the first RCPT asked of it (NOTIFY, ORCPT). RFC 5321
 * 4.1.1.3 forbids no repetition.
 */
export function takeRecipient(transaction: Transaction, recipient: AcceptedRecipient): void {
  transaction.accepted += 1;
  const key = recipientKey(recipient.path);
  if (transaction.addresses.has(key)) return;
  transaction.addresses.set(key, recipient);
  transaction.recipients.push(recipient);
  transaction.rows += 1 + recipient.places;
}
