/** What one connection knows of the transaction under way; smtp-server keeps its own, smaller idea of it. */
import type { IntakeRecipient, MessageId } from '#domain';
import type { MailParameters, MailboxPath, ReversePath } from '#smtp';

export interface AcceptedRecipient extends IntakeRecipient {
  /** As parsed; undefined for bare postmaster. */
  readonly path: Pick<MailboxPath, 'local' | 'domain'>;
}

export interface Transaction {
  /** Given at MAIL, so that refusals and the message share it. */
  readonly id: MessageId;
  readonly reversePath: ReversePath;
  readonly parameters: MailParameters;
  readonly recipients: AcceptedRecipient[];
}

export interface Peer {
  readonly helo: string;
  readonly remoteAddress: string;
  /** EHLO rather than HELO. */
  readonly extended: boolean;
}
