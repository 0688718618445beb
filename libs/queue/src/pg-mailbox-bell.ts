import { MailboxBell, type MailboxId, type MailboxListener } from '#domain';
import { guardPool, PgListener, type Log } from '#runtime';
import pg from 'pg';

const CHANNEL = 'posthouse_mailbox';
/** A NOTIFY payload must stay under 8,000 octets; an id has 36 and a comma. */
const IDS_PER_NOTIFY = 200;
/** Milliseconds: a NOTIFY that is not answered must not hold up those behind it. */
const ANSWER_TIMEOUT = 10_000;

/**
 * NOTIFY in a statement of its own, after the commit it speaks of: inside a busy transaction it would serialise commits of the
 * whole database. What rings while one NOTIFY is under way leaves with the next.
 */
export class PgMailboxBell extends MailboxBell {
  readonly #connection: pg.ClientConfig;
  readonly #log: Log;
  readonly #pool: pg.Pool;
  readonly #waiting = new Set<MailboxId>();
  readonly #listeners = new Set<MailboxListener>();
  #sending = false;
  #listener: PgListener | undefined;

  constructor(connection: pg.ClientConfig, log: Log) {
    super();
    this.#connection = connection;
    this.#log = log;
    this.#pool = new pg.Pool({
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_TIMEOUT,
      ...connection,
      query_timeout: ANSWER_TIMEOUT,
      max: 1,
    });
    guardPool(this.#pool, (error) => log.debug({ reason: error.message }, 'mailbox bell connection'));
  }

  override ring(mailboxes: readonly MailboxId[]): void {
    for (const mailbox of mailboxes) this.#waiting.add(mailbox);
    if (!this.#sending && this.#waiting.size > 0) void this.#send();
  }

  override listen(listener: MailboxListener): () => void {
    this.#listeners.add(listener);
    // For good: the last listener may leave and the next one come.
    this.#listener ??= new PgListener({
      connection: this.#connection,
      channel: CHANNEL,
      heard: (payload) => this.#heard(payload),
      trouble: (error) => this.#log.debug({ reason: String(error) }, 'mailbox bell cannot listen yet'),
    });
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#listener?.close();
    await this.#pool.end();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#waiting.size > 0) {
        const ids = [...this.#waiting].slice(0, IDS_PER_NOTIFY);
        for (const id of ids) this.#waiting.delete(id);
        await this.#pool.query({ name: 'notify', text: 'select pg_notify($1, $2)', values: [CHANNEL, ids.join(',')] });
      }
    } catch (error) {
      this.#log.debug({ reason: String(error) }, 'mailbox bell did not ring; sessions find the change by their poll');
    } finally {
      this.#sending = false;
    }
  }

  #heard(payload: string | undefined): void {
    if (payload === undefined) this.#tell(undefined);
    else for (const id of payload.split(',')) this.#tell(id as MailboxId);
  }

  #tell(mailbox: MailboxId | undefined): void {
    for (const listener of this.#listeners) listener(mailbox);
  }
}
