import { Authenticator, LiveSessions, plaintextAllowed } from '#auth';
import { MaildropStore, MailboxBell } from '#domain';
import { TOO_MANY_CONNECTIONS } from '#pop3';
import { House, OctetBudget, SessionListener } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Leases } from './leases.ts';
import { READ_AHEAD_BUDGET } from './limits.ts';
import { Logins } from './logins.ts';
import { Pop3Connection, type Pop3Parts } from './pop3-connection.ts';

/** Listens for POP3 and drains at the end. */
@Injectable()
export class Pop3Server implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #leases: Leases;
  readonly #sessions: LiveSessions;
  readonly #listener: SessionListener;

  constructor(
    house: House,
    authenticator: Authenticator,
    sessions: LiveSessions,
    store: MaildropStore,
    bell: MailboxBell,
  ) {
    this.#sessions = sessions;
    const { plaintextAuth } = house.config;
    const { metrics } = house;
    const log = house.log.child({ app: 'pop3' });
    this.#leases = new Leases(store, log);
    const logins = new Logins(authenticator, store, log);
    const leases = this.#leases;
    const budget = new OctetBudget(READ_AHEAD_BUDGET);
    const parts: Pop3Parts = { store, bell, logins, leases, sessions, budget, metrics, log };
    this.#listener = new SessionListener(house, 'pop3', {
      refusal: TOO_MANY_CONNECTIONS,
      log,
      open: (connection) =>
        new Pop3Connection(parts, connection, plaintextAllowed(plaintextAuth, connection.remoteAddress)),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#listener.listen();
    // Behind what may fail: an app that does not start is not closed, and must leave nothing open.
    this.#sessions.start();
  }

  /** Ends the sessions, and frees their maildrops while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#listener.drain();
    await this.#leases.close();
    this.#sessions.stop();
  }
}
