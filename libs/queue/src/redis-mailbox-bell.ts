import { MailboxBell, type MailboxId, type MailboxListener } from '#domain';
import type { BellWatch, Log } from '#runtime';
import { Redis } from 'ioredis';
import { openRinger, type Ringer } from './redis-ringer.ts';

/**
 * The same bell over Redis publish/subscribe. What rings while one publication is under way leaves with the next: a Redis that hangs
 * must not gather rings without end.
 */
export class RedisMailboxBell extends MailboxBell {
  readonly #publisher: Ringer;
  readonly #url: string;
  readonly #channel: string;
  readonly #log: Log;
  readonly #waiting = new Set<MailboxId>();
  #sending = false;
  readonly #listeners = new Set<MailboxListener>();
  #subscriber: Redis | undefined;

  /** @param prefix of the house: Redis has one space of channels, whatever the number of the database */
  constructor(url: string, prefix: string, log: Log, watch: BellWatch) {
    super();
    this.#url = url;
    this.#channel = `${prefix}:mailbox`;
    this.#log = log;
    this.#publisher = openRinger(url, watch);
  }

  override ring(mailboxes: readonly MailboxId[]): void {
    for (const mailbox of mailboxes) this.#waiting.add(mailbox);
    if (!this.#sending && this.#waiting.size > 0) void this.#send();
  }

  override listen(listener: MailboxListener): () => void {
    this.#listeners.add(listener);
    this.#subscriber ??= this.#subscribe();
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    this.#publisher.close();
    this.#subscriber?.disconnect();
    return Promise.resolve();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#waiting.size > 0) {
        const ids = [...this.#waiting].join(',');
        this.#waiting.clear();
        await this.#publisher.redis.publish(this.#channel, ids);
      }
    } catch (error) {
      this.#log.debug({ reason: String(error) }, 'mailbox bell did not ring; sessions find the change by their poll');
    } finally {
      this.#sending = false;
    }
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
      .subscribe(this.#channel)
      .catch((error: unknown) => this.#log.debug({ reason: String(error) }, 'mailbox bell cannot listen yet'));
    return subscriber;
  }

  #tell(mailbox: MailboxId | undefined): void {
    for (const listener of this.#listeners) listener(mailbox);
  }
}
