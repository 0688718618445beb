/**
 * Connections for what changes mailboxes, and so may wait for rows that others hold. Nobody stands on one of them for long: a lock that
 * does not come within milliseconds is given up, and the change tried again in its tenant's next turn. What takes long by itself goes over
 * connections of its own, which short changes do not wait for.
 */
import type { TenantId } from '#domain';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { ROW_BY_ROW, type Database } from './database.ts';
import { FairSlots } from './fair-slots.ts';
import { isLockTimeout } from './pg-errors.ts';

/** Connections for short changes, and how many of them one tenant may have at a time. */
const SHORT_CHANGES = 6;
const SHORT_OF_TENANT = 4;
/** The same for long ones: two users of one tenant wait for each other, not two tenants. */
const LONG_CHANGES = 4;
const LONG_OF_TENANT = 1;
/** Milliseconds that a short change stands on its connection for a row that another holds, and a long one. */
const SHORT_PATIENCE = 100;
const LONG_PATIENCE = 2_000;
/** Milliseconds after which a change that never got its locks fails: the client may try again. */
const LOCKED_FOR = 30_000;
/** Milliseconds between two tries: the first, and the longest. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 250;

/** A single statement or a whole transaction: run again from its start where a lock did not come. */
type Work<T> = (client: pg.PoolClient) => Promise<T>;

class Lane {
  readonly #pool: () => pg.Pool;
  readonly #slots: FairSlots<TenantId>;

  constructor(pool: () => pg.Pool, slots: FairSlots<TenantId>) {
    this.#pool = pool;
    this.#slots = slots;
  }

  async run<T>(tenant: TenantId, within: (pool: pg.Pool) => Promise<T>): Promise<T> {
    const until = performance.now() + LOCKED_FOR;
    for (let wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
      try {
        return await this.#slots.run(tenant, () => within(this.#pool()));
      } catch (error) {
        if (!isLockTimeout(error) || performance.now() + wait > until) throw error;
      }
      await pause(wait);
    }
  }
}

export class Changes {
  readonly #database: Database;
  readonly #short: Lane;
  readonly #long: Lane;

  constructor(database: Database) {
    this.#database = database;
    const pool = (max: number, lock_timeout: number) => {
      let made: pg.Pool | undefined;
      return () => (made ??= database.poolOf({ max, lock_timeout, options: ROW_BY_ROW }));
    };
    this.#short = new Lane(pool(SHORT_CHANGES, SHORT_PATIENCE), new FairSlots(SHORT_CHANGES, SHORT_OF_TENANT));
    this.#long = new Lane(pool(LONG_CHANGES, LONG_PATIENCE), new FairSlots(LONG_CHANGES, LONG_OF_TENANT));
  }

  /** One statement, of a bounded number of rows. */
  async query<Row extends pg.QueryResultRow>(tenant: TenantId, statement: pg.QueryConfig): Promise<Row[]> {
    return (await this.#short.run(tenant, (pool) => pool.query<Row>(statement))).rows;
  }

  transaction<T>(tenant: TenantId, work: Work<T>): Promise<T> {
    return this.#short.run(tenant, (pool) => this.#database.transaction(work, pool));
  }

  /** A transaction whose rows nobody has counted. */
  long<T>(tenant: TenantId, work: Work<T>): Promise<T> {
    return this.#long.run(tenant, (pool) => this.#database.transaction(work, pool));
  }
}
