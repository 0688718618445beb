/** Hears NOTIFY on one channel, over a connection of its own that is made again when it is lost. */
import pg from 'pg';

/** Milliseconds before a lost connection is tried again. */
const RECONNECT_AFTER = 500;
/** Milliseconds for LISTEN to be answered. */
const ANSWER_TIMEOUT = 10_000;

export interface PgListenerOptions {
  readonly connection: pg.ClientConfig;
  readonly channel: string;
  /** Undefined: notifications may have been missed; called after every connect, the first included. */
  readonly heard: (payload: string | undefined) => void;
  readonly trouble: (error: unknown) => void;
}

export class PgListener {
  readonly #options: PgListenerOptions;
  #session: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PgListenerOptions) {
    this.#options = options;
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#session?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const { connection, channel, heard, trouble } = this.#options;
    const session = new pg.Client({
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_TIMEOUT,
      ...connection,
      query_timeout: ANSWER_TIMEOUT,
    });
    const lost = (): void => {
      if (this.#session !== session || this.#closed) return;
      this.#session = undefined;
      // Nobody closes the connection of an app whose start failed: trying again must not be what keeps the process from ending.
      this.#retry = setTimeout(() => void this.#connect(), RECONNECT_AFTER).unref();
    };
    this.#session = session;
    session.on('error', lost);
    session.on('end', lost);
    session.on('notification', ({ payload }) => heard(payload ?? ''));
    try {
      await session.connect();
      await session.query(`listen ${channel}`);
      heard(undefined);
    } catch (error) {
      trouble(error);
      // A server that connects and then refuses, as a standby does, would collect one connection each try.
      void session.end().catch(() => undefined);
      lost();
    }
  }
}
