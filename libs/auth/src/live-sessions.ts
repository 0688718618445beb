/** Who is logged in to this process; a session ends when what its login rested on is no longer so. */
import {
  shownMailbox,
  type Account,
  type AccountBell,
  type AccountStore,
  type MailboxId,
  type Standing,
} from '#domain';
import { reasonOf, type Log } from '#runtime';
import { MAX_STANDINGS, STANDING_SECONDS } from './limits.ts';

/** Why a session must end. */
export type Revocation = 'disabled' | 'no-login' | 'removed' | 'password-changed';

/** A login that was let in, as the Authenticator saw it. */
export interface LetIn {
  readonly account: Account;
  readonly passwordStamp: string;
  /** When its facts were asked for, by `performance.now()`. */
  readonly askedAt: number;
}

interface Session extends LetIn {
  readonly revoke: (why: Revocation) => void;
}

export class LiveSessions {
  readonly #store: AccountStore;
  readonly #bell: AccountBell;
  readonly #log: Log;
  readonly #forget: (key: string | undefined) => void;
  readonly #sessions = new Map<MailboxId, Set<Session>>();
  /** To be looked at; those behind the first MAX_STANDINGS wait for the next statement. */
  readonly #suspects = new Set<MailboxId>();
  #looking = false;
  /** When the bell rang last, by `performance.now()`. */
  #rungAt = -Infinity;
  #unlisten: (() => void) | undefined;
  #poll: NodeJS.Timeout | undefined;

  /** @param forget the operator forgets the failed logins of this key; undefined: rings of that may have been missed */
  constructor(
    store: AccountStore,
    bell: AccountBell,
    log: Log,
    forget: (key: string | undefined) => void = () => undefined,
  ) {
    this.#forget = forget;
    this.#store = store;
    this.#bell = bell;
    this.#log = log;
  }

  start(): void {
    const stops = [this.#bell.listen((mailbox) => this.#rung(mailbox)), this.#bell.listenForUnlocks(this.#forget)];
    this.#unlisten = () => {
      for (const stop of stops) stop();
    };
    // Rings can be missed; nothing may rest on a bell alone.
    this.#poll = setInterval(() => this.#suspectAll(), STANDING_SECONDS * 1_000).unref();
  }

  stop(): void {
    this.#unlisten?.();
    clearInterval(this.#poll);
  }

  /**
   * A session begins.
   * @param revoke called at most once; the session says its last words and ends
   * @returns to be called when the session is over
   */
  add(login: LetIn, revoke: (why: Revocation) => void): () => void {
    const { mailboxId } = login.account;
    const session = { ...login, revoke };
    const set = this.#sessions.get(mailboxId) ?? new Set();
    this.#sessions.set(mailboxId, set.add(session));
    // It rang while the password was looked at: the facts of this login may be those of before.
    if (this.#rungAt >= login.askedAt) this.#suspect([mailboxId]);
    return () => this.#remove(session);
  }

  #remove(session: Session): void {
    const { mailboxId } = session.account;
    const set = this.#sessions.get(mailboxId);
    set?.delete(session);
    if (set?.size === 0) this.#sessions.delete(mailboxId);
  }

  #rung(mailbox: MailboxId | undefined): void {
    this.#rungAt = performance.now();
    if (mailbox === undefined) this.#suspectAll();
    else if (this.#sessions.has(mailbox)) this.#suspect([mailbox]);
  }

  #suspectAll(): void {
    this.#suspect(this.#sessions.keys());
  }

  #suspect(mailboxes: Iterable<MailboxId>): void {
    for (const mailbox of mailboxes) this.#suspects.add(mailbox);
    if (!this.#looking) void this.#look();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    try {
      while (this.#suspects.size > 0) {
        const some = [...this.#suspects].slice(0, MAX_STANDINGS);
        for (const mailbox of some) this.#suspects.delete(mailbox);
        await this.#judge(some);
      }
    } catch (error) {
      // "Cannot tell" ends no session; the poll asks again.
      this.#log.debug({ reason: reasonOf(error) }, 'the standing of open sessions could not be read');
    } finally {
      this.#looking = false;
    }
  }

  async #judge(mailboxes: readonly MailboxId[]): Promise<void> {
    const accounts = mailboxes.flatMap((mailbox) => [...(this.#sessions.get(mailbox) ?? [])].slice(0, 1));
    const standings = await this.#store.standings(accounts.map(({ account }) => account));
    for (const [at, { account }] of accounts.entries()) {
      for (const session of this.#sessions.get(account.mailboxId) ?? []) {
        const why = revocationOf(session, standings[at]);
        if (why === undefined) continue;
        this.#remove(session);
        this.#log.info({ mailbox: shownMailbox(account), why }, 'session revoked');
        session.revoke(why);
      }
    }
  }
}

function revocationOf(session: LetIn, standing: Standing | undefined): Revocation | undefined {
  if (!standing) return 'removed';
  if (standing.state !== 'active') return standing.state;
  return standing.passwordStamp === session.passwordStamp ? undefined : 'password-changed';
}
