import type { MailboxId } from '../ids.ts';
import type { Lane } from '../delivery.ts';

/** Drains of one lane that may run at once, in all processes together. */
export const LANE_SLOTS = 4;

/** Rings a lane's bell: work may be due. Losing a ring costs latency, never mail. */
export abstract class Doorbell {
  /**
   * Resolves when the bell has rung; rejects when it cannot (Redis away): the sweeper heals that.
   * @param slot a drain that finds more than it can take rings the next slot, which another process may answer
   */
  abstract ring(lane: Lane, slot?: number): Promise<void>;
}

/** Undefined: rings may have been missed, any mailbox may have moved. */
export type MailboxListener = (mailbox: MailboxId | undefined) => void;

/** Tells that accounts were disabled, removed, or given another password: rung by the directory in the transaction of the change. */
export abstract class AccountBell {
  /**
   * Calls `listener` until the returned function is called.
   * Undefined: any account may have changed, or rings may have been missed.
   */
  abstract listen(listener: MailboxListener): () => void;
  /**
   * Calls `listener` with the key whose failures the operator forgets (see `failureKey`), until the returned function is called.
   * Undefined: rings may have been missed.
   */
  abstract listenForUnlocks(listener: (key: string | undefined) => void): () => void;
}

/** Tells sessions that a mailbox moved. Missed calls are healed by the sessions' own poll. */
export abstract class MailboxBell {
  /** Best effort, never rejects; calls while one is under way go out together. */
  abstract ring(mailboxes: readonly MailboxId[]): void;
  /** Calls `listener` with each mailbox that moved, wherever the change was made, until the returned function is called. */
  abstract listen(listener: MailboxListener): () => void;
}
