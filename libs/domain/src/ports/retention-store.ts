/** How long what nobody can reach any more is kept. Days. */
export interface Retention {
  /** Bodies of mail whose last copy was expunged, and tombstones. */
  readonly expungedDays: number;
  /** Timelines of such mail, and of refusals. Not shorter in effect than `expungedDays`. */
  readonly traceDays: number;
  /** Grace: what a removed mailbox held can be had back for so long, and `expungedDays` begin after it. */
  readonly removedDays: number;
}

/** Rows that one sweep removed. */
export interface Swept {
  /** Rows of mailboxes and tenants that were removed. */
  readonly purged: number;
  /** Messages that lost their body. */
  readonly reclaimed: number;
  /** Messages that went with their timeline. */
  readonly forgotten: number;
  readonly tombstones: number;
  readonly refusals: number;
  /** Windows of failed logins. */
  readonly failures: number;
}

export abstract class RetentionStore {
  /**
   * One bounded step; several workers may sweep at once.
   * @returns `more`: the next step will find work at once
   */
  abstract sweep(retention: Retention): Promise<Swept & { readonly more: boolean }>;
}
