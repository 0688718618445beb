/** An app's doors to Postgres, all under the app's own role. */
import { guardPool } from '#runtime';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { HotConnection } from './hot-connection.ts';
import type { Tables } from './schema.ts';

export interface DatabaseOptions {
  /** Connection string of this app's role. */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly poolSize: number;
  /** ANSWER_TIMEOUT, or what a test has time for. Milliseconds. */
  readonly answerTimeout?: number;
  /** An idle connection was lost, or the like; the pool heals itself. */
  readonly onError?: (error: Error) => void;
}

// bigint as number: octets, UIDs and counts stay far below 2^53.
type TypeParser = typeof pg.types.getTypeParser;
const parserOf = (oid: Parameters<TypeParser>[0], format?: 'text' | 'binary'): unknown =>
  oid === pg.types.builtins.INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format);
const types: pg.CustomTypesConfig = { getTypeParser: parserOf as TypeParser };

/** Milliseconds a statement may take before Postgres ends it: a stuck statement must not hold a session for ever. */
const STATEMENT_TIMEOUT = 60_000;
/**
 * Milliseconds without an answer after which a connection is given up: a server that hangs, or one that fell over without a word, ends no
 * statement. Only pg's pipelined mode closes such a connection instead of queueing the next statement behind the lost one.
 */
const ANSWER_TIMEOUT = STATEMENT_TIMEOUT + 5_000;
const CONNECT_TIMEOUT = 5_000;

/**
 * Plans that go from row to row by index, whatever the statistics say. A plan is made while its table is small, where reading all of it is
 * cheapest, and kept when a backlog has made it large; these cannot be made to read a table, or to build a hash of it. For statements that
 * name each row they want. (With penalties of this size PostgreSQL 15 to 17 would compile: no jit.)
 */
export const ROW_BY_ROW = ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin']
  .map((method) => `-c enable_${method}=off`)
  .concat('-c plan_cache_mode=force_generic_plan', '-c jit=off')
  .join(' ');
/** And for statements that take the first few of an index: never sorted, so that it must be the index which has the order. */
const IN_ORDER = '-c enable_sort=off -c enable_incremental_sort=off';

export interface HotOptions {
  /** Its commits may be lost in a crash: only for what a crash may undo. */
  readonly asynchronousCommit?: boolean;
  /** Plans by index alone: ROW_BY_ROW and IN_ORDER. */
  readonly byIndex?: boolean;
  /** ROW_BY_ROW, and sorts what it found. */
  readonly byRow?: boolean;
  /** Milliseconds that a statement waits for a row that somebody else holds; then it fails with a lock time-out. */
  readonly lockTimeout?: number;
}

export class Database {
  readonly pool: pg.Pool;
  readonly kysely: Kysely<Tables>;
  readonly #config: pg.ClientConfig;
  readonly #hot: HotConnection[] = [];
  readonly #newPool: (options?: pg.PoolConfig) => pg.Pool;
  readonly #atClose: (() => Promise<void>)[] = [];
  #pipelined: pg.Pool | undefined;
  readonly #pools: pg.Pool[] = [];
  #closing = false;

  constructor({ url, name, poolSize, onError, answerTimeout = ANSWER_TIMEOUT }: DatabaseOptions) {
    this.#config = {
      connectionString: url,
      application_name: name,
      types,
      statement_timeout: STATEMENT_TIMEOUT,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
      query_timeout: answerTimeout,
    };
    this.#newPool = (options = {}) => {
      const pool = new pg.Pool({ ...this.#config, pipeline: true, max: poolSize, ...options });
      guardPool(pool, (error) => {
        // Our goodbye and the server's own end may cross: nothing was lost.
        if (!this.#closing) onError?.(error);
      });
      return pool;
    };
    this.pool = this.#newPool();
    this.kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.pool }) });
  }

  /** A pipelined connection of its own; closed with the database. */
  hot({ asynchronousCommit = false, byIndex = false, byRow = byIndex, lockTimeout }: HotOptions = {}): HotConnection {
    const options = [
      ...(asynchronousCommit ? ['-c synchronous_commit=off'] : []),
      ...(byRow ? [ROW_BY_ROW] : []),
      ...(byIndex ? [IN_ORDER] : []),
      ...(lockTimeout === undefined ? [] : [`-c lock_timeout=${lockTimeout}`]),
    ].join(' ');
    const connection = new HotConnection({ ...this.#config, ...(options === '' ? {} : { options }) });
    this.#hot.push(connection);
    return connection;
  }

  /** Connections of a kind, closed with the database. */
  poolOf(options: pg.PoolConfig): pg.Pool {
    const pool = this.#newPool(options);
    this.#pools.push(pool);
    return pool;
  }

  /** For a session connection of one's own: LISTEN, or a lock that lasts. */
  get sessionConfig(): pg.ClientConfig {
    return this.#config;
  }

  /** For who has one: it ends before the others. */
  atClose(end: () => Promise<void>): void {
    this.#atClose.push(end);
  }

  /** Runs `work` in one transaction on one connection; rolls back when it throws. */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>, pool = this.pool): Promise<T> {
    return inTransaction(pool, async (client) => {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    });
  }

  /**
   * A transaction whose statements may be sent without waiting for each other: `work` itself sends BEGIN with its first statements
   * and COMMIT with its last, so that the whole costs as many round trips as it has decisions. Rolls back when it throws: a statement
   * that fails makes those sent behind it fail, and the COMMIT behind them a rollback.
   */
  pipelinedTransaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    // Of their own: mail does not wait for a connection behind what readers ask.
    this.#pipelined ??= this.#newPool({ options: ROW_BY_ROW });
    return inTransaction(this.#pipelined, work);
  }

  /** For what reads everything: one connection whose answers are waited for as long as they take. To be destroyed by who asked for it. */
  unhurried(): Kysely<Tables> {
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.#newPool({ query_timeout: 0, max: 1 }) }) });
  }

  /** Resolves when the database answers; rejects with the reason otherwise. */
  async ping(): Promise<void> {
    await this.kysely.executeQuery(CompiledQuery.raw('select 1'));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#atClose.map((end) => end()));
    await Promise.all(this.#hot.map((connection) => connection.close()));
    await Promise.all(this.#pools.map((pool) => pool.end()));
    await this.#pipelined?.end();
    await this.kysely.destroy();
    // Kysely ends the pool only if it asked it for something; one that is left open keeps the process for its idle time-out.
    if (!this.pool.ending) await this.pool.end();
  }
}

async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } catch (error) {
    await client.query('rollback').catch((lost: Error) => {
      broken = lost;
    });
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}
