import type { DeliveryState } from '../delivery.ts';
import type { MailboxId, MessageId, TenantId } from '../ids.ts';

export interface TracedDelivery {
  readonly ordinal: number;
  /** Ordinal of the row this one was expanded from. */
  readonly parent: number | undefined;
  readonly recipient: string;
  readonly mailboxId: MailboxId | undefined;
  /** The first address of that mailbox; undefined as well where it is gone. */
  readonly mailbox: string | undefined;
  readonly lane: string;
  readonly state: DeliveryState;
  readonly attempt: number;
  /** Set while the row is queued. */
  readonly nextAttemptAt: Date | undefined;
  readonly reply: string | undefined;
  readonly settledAt: Date | undefined;
}

export interface TracedEvent {
  readonly at: Date;
  readonly kind: string;
  readonly ordinal: number | undefined;
  readonly detail: string | undefined;
}

export interface TracedMessage {
  readonly state: 'pending' | 'accepted' | 'reclaimed';
  readonly origin: 'smtp' | 'append';
  /** '' is the null reverse-path. */
  readonly reversePath: string;
  readonly helo: string;
  readonly remoteAddress: string;
  readonly octets: number;
  readonly recipients: number;
  readonly headerMessageId: string | undefined;
  readonly receivedAt: Date;
}

export interface MessageTrace {
  readonly tenantId: TenantId;
  /** Its name; the id as it is shown, where the tenant is gone. */
  readonly tenant: string;
  readonly messageId: MessageId;
  /** Undefined: refused, so that only the events are left. */
  readonly message: TracedMessage | undefined;
  readonly deliveries: readonly TracedDelivery[];
  /** In the order they happened. */
  readonly events: readonly TracedEvent[];
}

/** Messages one trace shows. */
export const MAX_TRACES = 50;

export interface LedgerFault {
  readonly tenantId: TenantId;
  readonly messageId: MessageId;
  /** Recipients accepted; undefined: delivery rows without an accepted message. */
  readonly accepted: number | undefined;
  /** Delivery rows of envelope recipients. */
  readonly envelopeRows: number;
  /** Delivery rows there should be, expanded targets included. */
  readonly expectedRows: number | undefined;
  readonly rows: number;
  /** Nobody owns the message any more: seen by the operator alone. */
  readonly tenantGone: boolean;
}

/** Promise 8 as numbers, all of one instant. */
export interface Ledger {
  readonly messages: number;
  /** Sum of accepted envelope recipients. */
  readonly accepted: number;
  /** Delivery rows of envelope recipients; all states are present. */
  readonly states: Readonly<Record<DeliveryState, number>>;
  /** The same for targets of aliases. */
  readonly expandedStates: Readonly<Record<DeliveryState, number>>;
  readonly faultyMessages: number;
  /** The first MAX_LEDGER_FAULTS of them. */
  readonly faults: readonly LedgerFault[];
  readonly balanced: boolean;
}

export const MAX_LEDGER_FAULTS = 100;

export interface QueueDepth {
  readonly lane: string;
  readonly state: 'queued' | 'leased' | 'held';
  readonly count: number;
  /** Seconds since the oldest of them was born. */
  readonly oldestSeconds: number;
}

export interface HouseStatistics {
  readonly queue: readonly QueueDepth[];
  readonly tenants: number;
  readonly domains: number;
  readonly mailboxes: number;
  /** Exact while there are few, then the database's estimate: counting millions for every scrape would cost too much. */
  readonly messages: number;
  /** Accepted and held: the postmaster's mailbox is missing, disabled or full. */
  readonly heldForPostmaster: number;
  readonly removals: Removals;
}

/** What was removed and is not gone yet; none of it counts as a tenant, domain or mailbox any more. */
export interface Removals {
  /** Marked: their mailboxes are taken out of the directory, or their mail is swept. */
  readonly tenants: number;
  readonly domains: number;
  /** Whose mail is swept now, or next. */
  readonly mailboxes: number;
  /** In their days of grace: they can be restored. */
  readonly kept: number;
  /** Seconds since the first of these tenants and domains was marked; 0 where there is none. */
  readonly oldestSeconds: number;
}

/** Reads what happened to messages; never what was written in them. Throws DirectoryRefusal `unavailable` when it cannot tell. */
export abstract class TraceStore {
  /**
   * @param reference queue id (`msg_..` or UUID), header Message-ID with or without <>, or an address: sender or recipient
   * @returns newest first, at most `limit` (MAX_TRACES)
   */
  abstract trace(principal: TenantId, reference: string, limit?: number): Promise<MessageTrace[]>;
  abstract ledger(principal: TenantId): Promise<Ledger>;
  /** The operator's: figures of the whole house. Calls at the same time share one count. */
  abstract statistics(): Promise<HouseStatistics>;
  /** The operator's: targets of aliases whose domain is not hosted here. */
  abstract targetsElsewhere(): Promise<number>;
  /** Seconds the database's clock is ahead of this machine's; half the round trip is taken off. */
  abstract clockSkewSeconds(): Promise<number>;
}
