/** One session as the commands see it. */
import type { Authenticator, LetIn, LiveSessions, Revocation } from '#auth';
import type { Account, FolderName, FolderStore } from '#domain';
import { advance, encodeUntagged, START, type Session } from '#imap';
import { ClientGone, type Connection, type Log, type Metrics, type OctetBudget, type Outbox } from '#runtime';
import { Selected } from './selected.ts';
import type { Turns } from './turns.ts';
import type { Updates } from './updates.ts';

/** What all sessions of a server share. */
export interface ImapParts {
  readonly store: FolderStore;
  readonly authenticator: Authenticator;
  readonly updates: Updates;
  readonly turns: Turns;
  readonly sessions: LiveSessions;
  readonly metrics: Metrics;
  readonly log: Log;
  /** For the messages of all APPENDs that are coming. */
  readonly bodies: OctetBudget;
  /** Octets of the largest message that APPEND takes. */
  readonly maxMessageOctets: number;
}

/** Messages of a command from which on it is worth while to end it with its client; a shorter one is over before. */
const LONG_COMMAND = 500;
/** Milliseconds between two words to a client that will say no more. */
const PROBE_EVERY = 250;
const STILL_AT_IT = encodeUntagged('OK', 'still at it');

/** Who is missing here has no business with the command: phases are judged before it runs. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
}

export class Client {
  readonly parts: ImapParts;
  readonly connection: Connection;
  readonly out: Outbox;
  /** Whether the connection may carry passwords. */
  readonly passwords: boolean;
  session: Session = START;
  /** Milliseconds, of `performance.now()`: when something was last said to a client that has sent its last octet. Undefined: it has not. */
  #probed: number | undefined;
  #login: LetIn | undefined;
  #unregister: (() => void) | undefined;
  #selected: Selected | undefined;

  constructor(parts: ImapParts, connection: Connection, out: Outbox, passwords: boolean) {
    this.parts = parts;
    this.connection = connection;
    this.out = out;
    this.passwords = passwords;
  }

  get store(): FolderStore {
    return this.parts.store;
  }

  get account(): Account {
    if (!this.#login) throw new NotNow('nobody is logged in');
    return this.#login.account;
  }

  get loggedIn(): Account | undefined {
    return this.#login?.account;
  }

  logIn(login: LetIn): void {
    this.#login = login;
  }

  logOut(): void {
    this.leave();
    this.#login = undefined;
  }

  /** The session is let in: from here on it ends when its account changes. */
  register(revoke: (why: Revocation) => void): void {
    if (this.#login) this.#unregister = this.parts.sessions.add(this.#login, revoke);
  }

  /** The session is over. */
  leave(): void {
    this.#unregister?.();
    this.#unregister = undefined;
  }

  get selected(): Selected {
    if (!this.#selected) throw new NotNow('no folder is selected');
    return this.#selected;
  }

  get folder(): Selected | undefined {
    return this.#selected;
  }

  /** @param readWrite false: nothing is changed by having looked (EXAMINE) */
  async select(name: FolderName, readWrite: boolean) {
    this.#selected = undefined;
    const state = await this.store.select(this.account, name, readWrite);
    if (state) this.#selected = new Selected(this.store, state, !readWrite, (messages) => this.goneSignal(messages));
    return state;
  }

  /** Back to the authenticated phase. */
  unselect(): void {
    this.#selected = undefined;
    this.session = advance(this.session, { name: 'UNSELECT' }, 'done');
  }

  /** Ends what a long command reads for a client that is gone; undefined where the command is short. @param messages it is about */
  goneSignal(messages: number): AbortSignal | undefined {
    return messages > LONG_COMMAND ? this.connection.gone : undefined;
  }

  /** The client has sent its last octet: it may still wait for answers, or be gone. */
  halfClosed(): void {
    this.#probed = performance.now();
  }

  /**
   * To be called between two steps of a command that says nothing for long, never within a response. Throws ClientGone. A client that closed its
   * end and one that closed altogether look the same until something is sent to it.
   */
  checkPresence(): void {
    const now = performance.now();
    if (this.#probed !== undefined && now - this.#probed > PROBE_EVERY) {
      this.#probed = now;
      this.out.add(STILL_AT_IT);
      void this.out.flush();
    }
    if (!this.out.open) throw new ClientGone();
  }

  /** The account's mailbox has moved: its other sessions should know. */
  ring(): void {
    this.parts.updates.ring(this.account.mailboxId);
  }
}
