/** Mail that does not go on: held, or put off to a later attempt. */
import type { MessageId, TenantId } from '../ids.ts';

export interface DeliveryKey {
  readonly tenantId: TenantId;
  readonly messageId: MessageId;
  readonly ordinal: number;
}

export interface StuckDelivery extends DeliveryKey {
  /** Its name; the id as it is shown, where the tenant is gone. */
  readonly tenant: string;
  readonly state: 'held' | 'deferred';
  readonly recipient: string;
  readonly lane: string;
  /** '' is the null reverse-path. */
  readonly reversePath: string;
  readonly octets: number;
  readonly queuedAt: Date;
  /** Of what is put off. */
  readonly nextAttemptAt: Date | undefined;
  readonly attempt: number;
  /** Why it does not go on. */
  readonly reason: string | undefined;
}

export interface StuckFilter {
  readonly state: StuckDelivery['state'];
  /** A tenant's name. */
  readonly tenant?: string | undefined;
  /** In any case; with nothing before its `@`, everybody of that domain. */
  readonly recipient?: string | undefined;
  /** A part of the reason, in any case. */
  readonly reason?: string | undefined;
  /** Of one message, or one delivery of it. */
  readonly messageId?: MessageId | undefined;
  readonly ordinal?: number | undefined;
}

/** Deliveries that one page, and one change, has at most. */
export const MAX_STUCK_PAGE = 500;

/** Under row-level security of the principal. Throws DirectoryRefusal `unavailable` when it cannot tell. */
export abstract class HeldMailStore {
  /**
   * In the order of tenant, message and ordinal.
   * @param after the last one of the page before
   * @returns at most `limit` (MAX_STUCK_PAGE); fewer: there are no more
   */
  abstract list(
    principal: TenantId,
    filter: StuckFilter,
    after?: DeliveryKey,
    limit?: number,
  ): Promise<StuckDelivery[]>;
  /**
   * They are due at once; what was held since its address led elsewhere goes where it leads now. At most MAX_STUCK_PAGE.
   * @returns how many; those that have moved meanwhile, or are in a worker's hands, are passed by
   */
  abstract release(principal: TenantId, keys: readonly DeliveryKey[]): Promise<number>;
  /** They are final, and nobody gets them: an event of their timeline, and a state of the ledger. Otherwise like `release`. */
  abstract discard(principal: TenantId, keys: readonly DeliveryKey[]): Promise<number>;
}
