/** From a name and a password to an open maildrop. */
import { randomUUID } from 'node:crypto';
import type { Authenticator, LetIn, LoginAttempt, LoginRefusal } from '#auth';
import { shownMailbox, type MaildropStore } from '#domain';
import type { MaildropRefusal } from '#pop3';
import { ClientGone, reasonOf, type Connection, type Log } from '#runtime';
import { LEASE_SECONDS } from './limits.ts';
import { openDrop, type OpenDrop } from './open-drop.ts';

export interface Opened {
  readonly open: OpenDrop;
  readonly login: LetIn;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const REFUSALS: Readonly<Record<LoginRefusal, MaildropRefusal>> = {
  'bad-credentials': 'auth',
  disabled: 'disabled',
  'no-login': 'disabled',
  throttled: 'throttled',
};

export class Logins {
  readonly #authenticator: Authenticator;
  readonly #store: MaildropStore;
  readonly #log: Log;

  constructor(authenticator: Authenticator, store: MaildropStore, log: Log) {
    this.#authenticator = authenticator;
    this.#store = store;
    this.#log = log;
  }

  /** Never rejects: faults of ours are the refusal `temp`, and in the log. The caller releases what was opened. */
  async open({ user, password }: Credentials, connection: Connection): Promise<Opened | MaildropRefusal> {
    const { id: conn, remoteAddress } = connection;
    try {
      const presence = connection.presence.bind(connection);
      const attempt: LoginAttempt = {
        login: user,
        password,
        remoteAddress,
        service: 'pop3',
        presence,
        gone: connection.gone,
      };
      const verdict = await connection.attend(() => this.#authenticator.verify(attempt));
      if (!verdict.ok) {
        const { why, login, mailbox } = verdict;
        this.#log.info({ conn, remote: remoteAddress, login, mailbox, why }, 'login refused');
        return REFUSALS[why];
      }
      return await this.#take(verdict, connection);
    } catch (error) {
      if (error instanceof ClientGone) return 'temp';
      this.#log.warn({ conn, reason: reasonOf(error) }, 'a maildrop could not be opened');
      return 'temp';
    }
  }

  async #take(login: LetIn, { id: conn, remoteAddress, gone }: Connection): Promise<Opened | MaildropRefusal> {
    const { account } = login;
    const mailbox = shownMailbox(account);
    const sessionId = randomUUID();
    const opening = await this.#store.open(account, sessionId, LEASE_SECONDS, gone);
    if (opening.kind === 'in-use') {
      this.#log.info({ conn, remote: remoteAddress, mailbox }, 'maildrop in use');
      return opening.kind;
    }
    this.#log.info({ conn, remote: remoteAddress, mailbox, messages: opening.listing.uids.length }, 'login');
    return { open: openDrop(account, sessionId, opening.listing), login };
  }
}
