/** What tells other processes that this one lives: a session of the database that holds the advisory lock of the process's number. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { RESTAMP } from './statements.ts';

/** Milliseconds between two tries to get the proof back. */
const RETRY_MS = 100;
/** Milliseconds between two looks whether the session still stands. */
const BEAT_MS = 15_000;
/**
 * Milliseconds after which a session without an answer is given up here. Not sooner: while the network is away, the old session on the
 * server is the proof, and our leaving it is what would end it.
 */
const BEAT_PATIENCE_MS = 60_000;
/**
 * The server gives a session up whose host does not answer for a minute (10 + 5 x 10 s): no lease runs out sooner. A host that was
 * started again says so at the first probe. No statement time-out: the lock may have to be waited for until the server has noticed the end
 * of our own former session.
 */
const SESSION_OPTIONS = [
  'statement_timeout=0',
  'lock_timeout=0',
  'idle_session_timeout=0',
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=10',
  'tcp_keepalives_count=5',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

export class ProofOfLife {
  /** For the life of the process, whatever becomes of the session. */
  readonly incarnation = randomInt(1, 2 ** 48 - 1);
  readonly #config: pg.ClientConfig;
  readonly #closed = new AbortController();
  #session: pg.Client | undefined;
  #first: Promise<void> | undefined;
  #stands = false;

  constructor(config: pg.ClientConfig) {
    this.#config = {
      ...config,
      query_timeout: 0,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      options: SESSION_OPTIONS,
    };
  }

  /** As far as this process knows. */
  get stands(): boolean {
    return this.#stands;
  }

  /** Resolves when the first try has ended, well or not; from then on the proof is kept up, and made again when it is lost. Never rejects. */
  ready(): Promise<void> {
    return (this.#first ??= this.#begin());
  }

  /** The lock is let go of. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#stands = false;
    await this.#session?.end().catch(() => undefined);
  }

  async #begin(): Promise<void> {
    const tried = Promise.withResolvers<void>();
    void this.#keepUp(() => tried.resolve());
    await tried.promise;
  }

  async #keepUp(tried: () => void): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await this.#prove(tried).catch(() => undefined);
      this.#stands = false;
      tried();
      await this.#pause(RETRY_MS);
    }
  }

  /** Returns or throws when the session is over. */
  async #prove(standing: () => void): Promise<void> {
    const session = new pg.Client(this.#config);
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => undefined);
    session.on('error', over.reject);
    session.on('end', () => over.reject(new Error('the session has ended')));
    this.#session = session;
    try {
      await session.connect();
      await Promise.race([session.query('select pg_advisory_lock($1::bigint)', [this.incarnation]), over.promise]);
      // Leases that were taken or renewed meanwhile do not know of this session.
      await Promise.race([session.query(RESTAMP, [this.incarnation]), over.promise]);
      this.#stands = true;
      standing();
      await this.#watch(session, over.promise);
    } finally {
      this.#stands = false;
      void session.end().catch(() => undefined);
    }
  }

  async #watch(session: pg.Client, over: Promise<never>): Promise<void> {
    for (;;) {
      await Promise.race([over, this.#pause(BEAT_MS)]);
      if (this.#closed.signal.aborted) return;
      const silent = this.#pause(BEAT_PATIENCE_MS).then(() => Promise.reject(new Error('no answer')));
      // An empty query: that it is answered is all that is wanted.
      await Promise.race([session.query(''), over, silent]);
    }
  }

  /** Keeps no process from ending. */
  #pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { ref: false, signal: this.#closed.signal }).catch(() => undefined);
  }
}
