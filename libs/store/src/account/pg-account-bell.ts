import { AccountBell, type MailboxId, type MailboxListener } from '#domain';
import { House, PgListener } from '#runtime';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../database.ts';
import { ACCOUNT_CHANNEL, UNLOCK } from '../directory/ring-accounts.ts';

/** Always over PostgreSQL: the directory rings inside its transactions, so that a ring means a committed change, and never comes late. */
@Injectable()
export class PgAccountBell extends AccountBell implements OnApplicationShutdown {
  readonly #database: Database;
  readonly #house: House;
  readonly #listeners = new Set<MailboxListener>();
  readonly #unlockListeners = new Set<(key: string | undefined) => void>();
  #listener: PgListener | undefined;

  constructor(database: Database, house: House) {
    super();
    this.#database = database;
    this.#house = house;
  }

  override listen(listener: MailboxListener): () => void {
    this.#listeners.add(listener);
    this.#open();
    return () => this.#listeners.delete(listener);
  }

  override listenForUnlocks(listener: (key: string | undefined) => void): () => void {
    this.#unlockListeners.add(listener);
    this.#open();
    return () => this.#unlockListeners.delete(listener);
  }

  #open(): void {
    this.#listener ??= new PgListener({
      connection: this.#database.sessionConfig,
      channel: ACCOUNT_CHANNEL,
      heard: (payload) => this.#heard(payload),
      trouble: (error) => this.#house.log.debug({ reason: String(error) }, 'account bell cannot listen yet'),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#listener?.close();
  }

  #heard(payload: string | undefined): void {
    const isUnlock = payload?.startsWith(UNLOCK) === true;
    if (isUnlock || payload === undefined)
      for (const listener of this.#unlockListeners) listener(payload?.slice(UNLOCK.length));
    if (!isUnlock) this.#tell(payload === undefined || payload === '' ? undefined : (payload as MailboxId));
  }

  #tell(mailbox: MailboxId | undefined): void {
    for (const listener of this.#listeners) listener(mailbox);
  }
}
