import { Authenticator, plaintextAllowed } from '#auth';
import { MaildropStore, MailboxBell } from '#domain';
import { TOO_MANY_CONNECTIONS } from '#pop3';
import { House, SessionListener } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Leases } from './leases.ts';
import { Logins } from './logins.ts';
import { Pop3Connection, type Pop3Parts } from './pop3-connection.ts';
import { ReadAheadBudget } from './read-ahead.ts';

/** Listens for POP3 and drains at the end. */
@Injectable()
export class Pop3Server implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #leases: Leases;
  readonly #listener: SessionListener;

  constructor(house: House, authenticator: Authenticator, store: MaildropStore, bell: MailboxBell) {
    const { plaintextAuth } = house.config;
    const { metrics } = house;
    const log = house.log.child({ app: 'pop3' });
    this.#leases = new Leases(store, log);
    const logins = new Logins(authenticator, store, log);
    const parts: Pop3Parts = { store, bell, logins, leases: this.#leases, budget: new ReadAheadBudget(), metrics, log };
    this.#listener = new SessionListener(house, 'pop3', {
      refusal: TOO_MANY_CONNECTIONS,
      log,
      open: (connection) =>
        new Pop3Connection(parts, connection, plaintextAllowed(plaintextAuth, connection.remoteAddress)),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#listener.listen();
  }

  /** Ends the sessions, and frees their maildrops while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#listener.drain();
    await this.#leases.close();
  }
}
