import { Authenticator, LiveSessions, plaintextAllowed } from '#auth';
import { FolderStore, MailboxBell } from '#domain';
import { encodeUntagged } from '#imap';
import { House, TcpServer } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ImapParts } from './client.ts';
import { ImapConnection } from './imap-connection.ts';
import { Turns } from './turns.ts';
import { Updates } from './updates.ts';

/** Listens for IMAP and drains at the end. */
@Injectable()
export class ImapServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #house: House;
  readonly #updates: Updates;
  readonly #sessions: LiveSessions;
  readonly #server: TcpServer<ImapConnection>;

  constructor(
    house: House,
    authenticator: Authenticator,
    sessions: LiveSessions,
    store: FolderStore,
    bell: MailboxBell,
  ) {
    this.#house = house;
    this.#sessions = sessions;
    const { limits, idleSeconds, plaintextAuth } = house.config;
    const { metrics } = house;
    const log = house.log.child({ app: 'imap' });
    this.#updates = new Updates(bell);
    const maxMessageOctets = limits.messageOctets;
    const updates = this.#updates;
    const turns = new Turns();
    const parts: ImapParts = { store, authenticator, updates, turns, sessions, metrics, log, maxMessageOctets };
    this.#server = new TcpServer(
      {
        protocol: 'imap',
        setting: 'POSTHOUSE_IMAP_PORT',
        maxConnections: limits.connections,
        maxConnectionsPerIp: limits.connectionsPerIp,
        idleSeconds: idleSeconds.imap,
        refusal: encodeUntagged('BYE', 'too many connections, try again later', { code: 'UNAVAILABLE' }),
        log,
        metrics,
      },
      {
        open: (connection) =>
          new ImapConnection(parts, connection, plaintextAllowed(plaintextAuth, connection.remoteAddress)),
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
    this.#updates.start();
    this.#sessions.start();
    this.#house.listeners['imap'] = await this.#server.listen(ports.imap, bind);
  }

  /** Ends the sessions while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#server.close(this.#house.config.drainSeconds);
    this.#updates.stop();
    this.#sessions.stop();
  }
}
