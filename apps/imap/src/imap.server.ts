import { Authenticator, plaintextAllowed } from '#auth';
import { FolderStore, MailboxBell } from '#domain';
import { encodeUntagged } from '#imap';
import { House, SessionListener } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ImapParts } from './client.ts';
import { ImapConnection } from './imap-connection.ts';
import { Updates } from './updates.ts';

/** Listens for IMAP and drains at the end. */
@Injectable()
export class ImapServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #updates: Updates;
  readonly #listener: SessionListener;

  constructor(house: House, authenticator: Authenticator, store: FolderStore, bell: MailboxBell) {
    const { limits, plaintextAuth } = house.config;
    const { metrics } = house;
    const log = house.log.child({ app: 'imap' });
    this.#updates = new Updates(bell);
    const maxMessageOctets = limits.messageOctets;
    const parts: ImapParts = { store, authenticator, updates: this.#updates, metrics, log, maxMessageOctets };
    this.#listener = new SessionListener(house, 'imap', {
      refusal: encodeUntagged('BYE', 'too many connections, try again later', { code: 'UNAVAILABLE' }),
      log,
      open: (connection) =>
        new ImapConnection(parts, connection, plaintextAllowed(plaintextAuth, connection.remoteAddress)),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#updates.start();
    await this.#listener.listen();
  }

  /** Ends the sessions while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#listener.drain();
    this.#updates.stop();
  }
}
