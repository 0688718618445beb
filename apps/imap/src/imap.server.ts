import { Authenticator, LiveSessions, plaintextAllowed } from '#auth';
import { FolderStore, MailboxBell } from '#domain';
import { encodeUntagged } from '#imap';
import { House, SessionListener } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ImapParts } from './client.ts';
import { ImapConnection } from './imap-connection.ts';
import { Turns } from './turns.ts';
import { Updates } from './updates.ts';

/** Listens for IMAP and drains at the end. */
@Injectable()
export class ImapServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #updates: Updates;
  readonly #sessions: LiveSessions;
  readonly #listener: SessionListener;

  constructor(
    house: House,
    authenticator: Authenticator,
    sessions: LiveSessions,
    store: FolderStore,
    bell: MailboxBell,
  ) {
    this.#sessions = sessions;
    const { limits, plaintextAuth } = house.config;
    const { metrics, bodies } = house;
    const log = house.log.child({ app: 'imap' });
    this.#updates = new Updates(bell);
    const maxMessageOctets = limits.messageOctets;
    const updates = this.#updates;
    const turns = new Turns();
    const parts: ImapParts = {
      store,
      authenticator,
      updates,
      turns,
      sessions,
      metrics,
      log,
      bodies,
      maxMessageOctets,
    };
    this.#listener = new SessionListener(house, 'imap', {
      refusal: encodeUntagged('BYE', 'too many connections, try again later', { code: 'UNAVAILABLE' }),
      log,
      open: (connection) =>
        new ImapConnection(parts, connection, plaintextAllowed(plaintextAuth, connection.remoteAddress)),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#listener.listen();
    // Behind what may fail: an app that does not start is not closed, and must leave nothing open.
    this.#updates.start();
    this.#sessions.start();
  }

  /** Ends the sessions while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#listener.drain();
    this.#updates.stop();
    this.#sessions.stop();
  }
}
