/** Who is logged in to which mailbox, and waking those in IDLE when it moves. One timer for all sessions. */
import type { MailboxBell, MailboxId } from '#domain';
import { MAX_SESSIONS, MAX_WAKING, POLL_SECONDS } from './limits.ts';

/** A session as the bell sees it. */
export interface Sleeper {
  readonly mailboxId: MailboxId;
  /** Unique in this process. */
  readonly id: number;
  /** Once in POLL_SECONDS. */
  polled(): void;
  /** The mailbox may have moved. True: the session is in IDLE and wants to be woken. */
  rung(): boolean;
  /** In IDLE: looks for changes and tells the client. Never rejects. */
  wake(): Promise<void>;
}

export class Updates {
  readonly #bell: MailboxBell;
  readonly #sleepers = new Map<MailboxId, Set<Sleeper>>();
  readonly #queue = new Set<Sleeper>();
  #waking = 0;
  #unlisten: (() => void) | undefined;
  #poll: NodeJS.Timeout | undefined;
  #tick = 0;

  constructor(bell: MailboxBell) {
    this.#bell = bell;
  }

  start(): void {
    this.#unlisten = this.#bell.listen((mailbox) => this.#rung(mailbox));
    this.#poll = setInterval(() => this.#pollSome(), 1_000).unref();
  }

  stop(): void {
    this.#unlisten?.();
    clearInterval(this.#poll);
  }

  /** Tells the sessions of this mailbox, in every process. */
  ring(mailbox: MailboxId): void {
    this.#bell.ring([mailbox]);
  }

  /** False: the account has MAX_SESSIONS already. */
  add(sleeper: Sleeper): boolean {
    const set = this.#sleepers.get(sleeper.mailboxId);
    if (set === undefined) this.#sleepers.set(sleeper.mailboxId, new Set([sleeper]));
    else if (set.size >= MAX_SESSIONS) return false;
    else set.add(sleeper);
    return true;
  }

  remove(sleeper: Sleeper): void {
    const set = this.#sleepers.get(sleeper.mailboxId);
    set?.delete(sleeper);
    if (set?.size === 0) this.#sleepers.delete(sleeper.mailboxId);
    this.#queue.delete(sleeper);
  }

  #rung(mailbox: MailboxId | undefined): void {
    const sets = mailbox === undefined ? this.#sleepers.values() : [this.#sleepers.get(mailbox)];
    for (const set of sets) for (const sleeper of set ?? []) if (sleeper.rung()) this.#queue.add(sleeper);
    this.#drain();
  }

  /** Every session has its second of the period, so that a poll of thousands is no burst. */
  #pollSome(): void {
    const turn = this.#tick++ % POLL_SECONDS;
    for (const set of this.#sleepers.values()) {
      for (const sleeper of set) {
        if (sleeper.id % POLL_SECONDS !== turn) continue;
        sleeper.polled();
        if (sleeper.rung()) this.#queue.add(sleeper);
      }
    }
    this.#drain();
  }

  #drain(): void {
    for (const sleeper of this.#queue) {
      if (this.#waking >= MAX_WAKING) return;
      this.#queue.delete(sleeper);
      this.#waking++;
      void sleeper.wake().finally(() => {
        this.#waking--;
        this.#drain();
      });
    }
  }
}
