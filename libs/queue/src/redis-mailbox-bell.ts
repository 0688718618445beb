import { MailboxBell, type MailboxId, type MailboxListener } from '#domain';
import type { Log } from '#runtime';
import { Redis } from 'ioredis';

const CHANNEL = 'posthouse:mailbox';

/** The same bell over Redis publish/subscribe. */
export class RedisMailboxBell extends MailboxBell {
  readonly #publisher: Redis;
  readonly #url: string;
  readonly #log: Log;
  readonly #listeners = new Set<MailboxListener>();
  #subscriber: Redis | undefined;

  constructor(url: string, log: Log) {
    super();
    this.#url = url;
    this.#log = log;
    this.#publisher = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
    this.#publisher.on('error', (error) => log.debug({ reason: error.message }, 'mailbox bell connection'));
  }

  override ring(mailboxes: readonly MailboxId[]): void {
    if (mailboxes.length === 0) return;
    this.#publisher.publish(CHANNEL, mailboxes.join(',')).catch((error: unknown) => {
      this.#log.debug({ reason: String(error) }, 'mailbox bell did not ring; sessions find the change by their poll');
    });
  }

  override listen(listener: MailboxListener): () => void {
    this.#listeners.add(listener);
    this.#subscriber ??= this.#subscribe();
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    this.#publisher.disconnect();
    this.#subscriber?.disconnect();
    return Promise.resolve();
  }

  #subscribe(): Redis {
    const subscriber = new Redis(this.#url, { maxRetriesPerRequest: null });
    subscriber.on('error', (error) => this.#log.debug({ reason: error.message }, 'mailbox bell connection'));
    // ioredis subscribes again by itself after a loss; 'ready' then says that rings may have been missed.
    subscriber.on('ready', () => this.#tell(undefined));
    subscriber.on('message', (_channel, payload: string) => {
      for (const id of payload.split(',')) this.#tell(id as MailboxId);
    });
    subscriber
      .subscribe(CHANNEL)
      .catch((error: unknown) => this.#log.debug({ reason: String(error) }, 'mailbox bell cannot listen yet'));
    return subscriber;
  }

  #tell(mailbox: MailboxId | undefined): void {
    for (const listener of this.#listeners) listener(mailbox);
  }
}
