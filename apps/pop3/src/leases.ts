/** Keeps the maildrops of all sessions of this process locked, with one timer for them all. */
import type { Account, MaildropStore } from '#domain';
import { reasonOf, type Log } from '#runtime';
import { LEASE_SECONDS, RENEW_AFTER_MS } from './limits.ts';

/** Milliseconds between two looks at what is due. */
const TICK_MS = 5_000;
/** Renewals under way at once: a burst of logins must not come back as a burst of statements that logins wait behind. */
const AT_ONCE = 100;

export interface Lease {
  readonly account: Account;
  readonly sessionId: string;
  /** Another session has taken the maildrop: end this one. */
  lost(): void;
  /** Called at every renewal: let go of what an idle session need not hold. */
  rest(): void;
}

export class Leases {
  readonly #store: MaildropStore;
  readonly #log: Log;
  /** By the instant of the last renewal, oldest first. */
  readonly #held = new Map<Lease, number>();
  readonly #releases = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;

  constructor(store: MaildropStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** The store has just given this lease: renew it from now on. */
  hold(lease: Lease): void {
    this.#held.set(lease, performance.now());
    this.#timer ??= setInterval(() => void this.renewDue(performance.now()), TICK_MS).unref();
  }

  /** Never rejects: a lease that cannot be given back runs out. */
  release(lease: Lease): Promise<void> {
    this.#held.delete(lease);
    const releasing = this.#store
      .release(lease.account, lease.sessionId)
      .catch((error: unknown) => this.#log.warn({ reason: reasonOf(error) }, 'a maildrop stays locked for a while'))
      .finally(() => this.#releases.delete(releasing));
    this.#releases.add(releasing);
    return releasing;
  }

  /** Renews what was renewed RENEW_AFTER_MS before `now` (`performance.now()`) or earlier. Never rejects. */
  async renewDue(now: number): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const due: Lease[] = [];
    for (const [lease, renewed] of this.#held) {
      if (now - renewed < RENEW_AFTER_MS) break;
      due.push(lease);
    }
    for (let at = 0; at < due.length; at += AT_ONCE) {
      await Promise.all(due.slice(at, at + AT_ONCE).map((lease) => this.#renew(lease, now)));
    }
    this.#renewing = false;
  }

  /** Resolves when every lease given back is off the books. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#releases);
  }

  async #renew(lease: Lease, now: number): Promise<void> {
    if (!this.#held.delete(lease)) return;
    this.#held.set(lease, now);
    lease.rest();
    try {
      const ours = await this.#store.renew(lease.account, lease.sessionId, LEASE_SECONDS);
      if (!ours && this.#held.delete(lease)) lease.lost();
    } catch (error) {
      // It may outlast the trouble: a lease that ran out is still ours until somebody takes it.
      this.#log.warn({ reason: reasonOf(error) }, 'a maildrop lease was not renewed');
    }
  }
}
