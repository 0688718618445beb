import type { Lane, LaneKind } from '../delivery.ts';
import type { DomainId, MailboxId, MessageId, TenantId } from '../ids.ts';
import type { CanonicalAddress } from '../address.ts';
import type { DirectoryFacts } from '../resolution.ts';
import type { WaitingGroup } from '../waiting.ts';

/** One delivery in the hands of one drain, until its lease ends. */
export interface LeasedDelivery {
  readonly tenantId: TenantId;
  readonly messageId: MessageId;
  readonly ordinal: number;
  readonly depth: number;
  /** Unique per claim: the fence. A settle by anybody else, or after the lease was taken back, does nothing. */
  readonly lease: string;
  readonly recipient: string;
  readonly domainId: DomainId | undefined;
  /** Where RCPT's resolution led; undefined: the address is expanded now. */
  readonly mailboxId: MailboxId | undefined;
  readonly attempt: number;
  /** Seconds since the row was born, by the database clock. */
  readonly ageSeconds: number;
  readonly reversePath: string;
  /** Of the stored message, without the trace fields of this delivery. */
  readonly octets: number;
}

export interface Claim {
  readonly deliveries: readonly LeasedDelivery[];
  /** A tenant's share was used up, or not every tenant had its turn: claim again at once. */
  readonly more: boolean;
}

/** A copy to be put into a mailbox's INBOX. */
export interface Placement {
  readonly delivery: LeasedDelivery;
  readonly mailboxId: MailboxId;
  /** Return-Path and Delivered-To, on top of the stored octets. */
  readonly trace: Buffer;
  /** When the mailbox has no room: seconds from birth to the next attempt, or undefined to hold it (lifetime over). */
  readonly retryAfter: number | undefined;
}

export interface Deferral {
  readonly delivery: LeasedDelivery;
  /** Seconds from birth. */
  readonly retryAfter: number;
  readonly reply: string;
}

export interface Hold {
  readonly delivery: LeasedDelivery;
  readonly reason: string;
  /** Absent: a person. */
  readonly waitsFor?: 'directory';
}

/** A target that an address expanded to. */
export interface ExpandedTarget {
  readonly recipient: string;
  readonly lane: Lane;
  readonly domainId: DomainId | undefined;
  readonly mailboxId: MailboxId | undefined;
  /** Set: born held, for this reason. */
  readonly hold: string | undefined;
}

/** `too-many`: the message would have more than MAX_DELIVERIES rows; nothing was changed by this step. */
export type Expanded = 'forwarded' | 'lost-lease' | 'too-many';

export type Placed = 'delivered' | 'duplicate' | 'over-quota' | 'busy' | 'held' | 'lost-lease';

/** An address, and the mailbox that it led to at RCPT. */
export interface AskedMailbox {
  readonly address: CanonicalAddress;
  readonly mailboxId: MailboxId;
}

/** Moves deliveries. Every method is one transaction and checks the lease of every row it touches. */
export abstract class QueueStore {
  /** Leases due rows of a lane, taking turns between tenants; empty when nothing is due. */
  abstract claim(lane: Lane, limit: number, leaseSeconds: number): Promise<Claim>;
  abstract directoryFacts(addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]>;
  /** The same for deliveries; of the targets of a row only the mailbox asked for is there, so that a large alias costs each of its mails no more. */
  abstract mailboxFacts(asked: readonly AskedMailbox[]): Promise<DirectoryFacts[]>;
  /** Mailbox rows, queue rows, counters and events together; gives the fate of each, in order. */
  abstract place(placements: readonly Placement[]): Promise<Placed[]>;
  abstract defer(deferrals: readonly Deferral[]): Promise<void>;
  abstract hold(holds: readonly Hold[]): Promise<void>;
  /**
   * The row becomes `forwarded` and its targets rows of their own: in steps that renew the lease, each a transaction. Begun by somebody who is
   * gone, it goes on where that one was.
   */
  abstract expand(
    delivery: LeasedDelivery,
    targets: readonly ExpandedTarget[],
    leaseSeconds: number,
  ): Promise<Expanded>;
  /** The next recipients of which mail waits for something the directory says; in turn, some at each call. */
  abstract waiting(): Promise<WaitingGroup[]>;
  /** What they waited for has come: their rows are due now. Gives the number of rows. */
  abstract goOn(groups: readonly WaitingGroup[]): Promise<number>;
  /** Rows whose lease ran out become due again; gives their number. */
  abstract releaseExpired(): Promise<number>;
  /** Lanes with due rows. */
  abstract dueLanes(): Promise<Lane[]>;
  /** Removes pending messages of which nothing has come for so long: nobody finishes them any more. Gives their number. */
  abstract sweepPending(silentSeconds: number): Promise<number>;
}

/** A store for each kind of lane, and for the sweeper: none waits for what another asks of the database. */
export abstract class QueueStores {
  abstract of(user: LaneKind | 'sweeper'): QueueStore;
}
