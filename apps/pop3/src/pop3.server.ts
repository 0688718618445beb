import { Authenticator, plaintextAllowed } from '#auth';
import { MaildropStore, MailboxBell } from '#domain';
import { TOO_MANY_CONNECTIONS } from '#pop3';
import { House, OctetBudget, TcpServer } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Leases } from './leases.ts';
import { READ_AHEAD_BUDGET } from './limits.ts';
import { Logins } from './logins.ts';
import { Pop3Connection, type Pop3Parts } from './pop3-connection.ts';

/** Listens for POP3 and drains at the end. */
@Injectable()
export class Pop3Server implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #house: House;
  readonly #leases: Leases;
  readonly #server: TcpServer<Pop3Connection>;

  constructor(house: House, authenticator: Authenticator, store: MaildropStore, bell: MailboxBell) {
    this.#house = house;
    const { limits, idleSeconds, plaintextAuth } = house.config;
    const { metrics } = house;
    const log = house.log.child({ app: 'pop3' });
    this.#leases = new Leases(store, log);
    const logins = new Logins(authenticator, store, log);
    const budget = new OctetBudget(READ_AHEAD_BUDGET);
    const parts: Pop3Parts = { store, bell, logins, leases: this.#leases, budget, metrics, log };
    this.#server = new TcpServer(
      {
        protocol: 'pop3',
        setting: 'POSTHOUSE_POP3_PORT',
        maxConnections: limits.connections,
        maxConnectionsPerIp: limits.connectionsPerIp,
        idleSeconds: idleSeconds.pop3,
        refusal: TOO_MANY_CONNECTIONS,
        log,
        metrics,
      },
      {
        open: (connection) =>
          new Pop3Connection(parts, connection, plaintextAllowed(plaintextAuth, connection.remoteAddress)),
        data: (client, chunk) => client.data(chunk),
        end: (client) => client.end(),
        idle: (client) => client.idle(),
        shutdown: (client) => client.shutdown(),
        closed: (client) => client.closed(),
      },
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const { bind, ports } = this.#house.config;
    this.#house.listeners['pop3'] = await this.#server.listen(ports.pop3, bind);
  }

  /** Ends the sessions, and frees their maildrops while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#server.close(this.#house.config.drainSeconds);
    await this.#leases.close();
  }
}
