import type { CanonicalAddress } from '../address.ts';
import type { DomainId, MailboxId, MessageId, TenantId } from '../ids.ts';
import type { DirectoryFacts, RowKind } from '../resolution.ts';

/** What is computed once from the octets, in the form FETCH sends. */
export interface MessageDigest {
  readonly octets: number;
  readonly headerOctets: number;
  readonly headerMessageId: string | undefined;
  readonly envelope: string;
  readonly bodyStructure: string;
  /** JSON: offsets of every part. */
  readonly mimeIndex: string;
}

/** What RCPT's answer rests on in the address book; the commit looks whether it still stands. */
export interface Basis {
  /** The row that won. */
  readonly row: { readonly kind: RowKind; readonly local: string };
  /** Canonical local part of the recipient: a row of its own would come first. */
  readonly local: string;
}

/** A row of the address book whose targets are counted. */
export interface AliasRow {
  readonly tenantId: TenantId;
  readonly domainId: DomainId;
  readonly kind: RowKind;
  readonly local: string;
}

export interface IntakeRecipient {
  readonly tenantId: TenantId;
  /** Undefined for the host's own postmaster. */
  readonly domainId: DomainId | undefined;
  /** As the client wrote it. */
  readonly forwardPath: string;
  /** Where resolution led; undefined: the worker expands the address, or holds it. */
  readonly mailboxId: MailboxId | undefined;
  /** Set: the row is born `held`, for this reason. */
  readonly hold: string | undefined;
  /** Undefined: the answer rests on the domain alone, as for a postmaster without a mailbox. */
  readonly basis: Basis | undefined;
  readonly notify: string | undefined;
  readonly orcpt: string | undefined;
}

export interface IntakeEnvelope {
  readonly id: MessageId;
  /** '' is the null reverse-path. */
  readonly reversePath: string;
  readonly helo: string;
  readonly remoteAddress: string;
  readonly bodyType: '7BIT' | '8BITMIME';
  readonly smtpUtf8: boolean;
  readonly ret: string | undefined;
  readonly envid: string | undefined;
  readonly recipients: readonly IntakeRecipient[];
}

export interface IntakeMessage extends IntakeEnvelope {
  readonly digest: MessageDigest;
  /** The whole message, trace field on top; at most SMALL_BODY octets. */
  readonly body: readonly Buffer[];
}

/** Bodies up to here are grouped in memory and stored in their row, while there is memory for them; all others are spilled while they arrive. Octets. */
export const SMALL_BODY = 1024 * 1024;
/** Octets of a chunk row of a large body. */
export const CHUNK_OCTETS = 256 * 1024;

/** A refusal that the timeline should know, under the id the message would have had. */
export interface RefusalEvent {
  readonly tenantId: TenantId;
  readonly messageId: MessageId;
  readonly kind: string;
  readonly detail: string;
}

/** `overtaken`: the directory changed since RCPT for at least one recipient, or cannot tell just now, and nothing is stored. */
export type Committed = 'stored' | 'overtaken';

/** The pending row of a large message is gone: swept, or removed with its tenant. */
export class PendingGone extends Error {
  override readonly name = 'PendingGone';

  constructor(id: string) {
    super(`pending message ${id} was swept before its last octet came`);
  }
}

/** Writes what port 25 accepts. Knows no mailbox content. */
export abstract class IntakeStore {
  /** What the directory says about each address, in order. Always the committed truth: nothing is cached. */
  abstract directoryFacts(addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]>;

  /** Addresses and mailboxes that a row leads to by all ways: not more than there are, where a web of aliases is too large perhaps fewer. */
  abstract countPlaces(row: AliasRow): Promise<number>;

  /** Durable when it resolves with `stored`; rejects when this message is not stored (or, connection lost, when nobody can tell). */
  abstract commit(message: IntakeMessage): Promise<Committed>;

  /** A place for a body in chunks, whatever its size: rows under a pending message that nobody sees until `commitLarge`. */
  abstract beginLarge(envelope: IntakeEnvelope): Promise<void>;
  /** Rejects with PendingGone. */
  abstract appendChunk(envelope: IntakeEnvelope, number: number, octets: Buffer): Promise<void>;
  /** Flips pending to accepted and inserts the delivery rows, of all tenants, in one transaction. Rejects with PendingGone. */
  abstract commitLarge(envelope: IntakeEnvelope, digest: MessageDigest): Promise<Committed>;
  /** Forgets a pending message; what a crash leaves behind is swept. */
  abstract abandonLarge(envelope: IntakeEnvelope): Promise<void>;

  /** Best effort and batched: a refusal's event is never worth delaying a reply. */
  abstract recordRefusal(event: RefusalEvent): void;
}
