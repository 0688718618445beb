import { RetentionStore, type Retention, type Swept } from '#domain';
import { Injectable } from '@nestjs/common';
import { Database } from '../database.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';

/** Messages looked at in one step: each costs three index look-ups, and the step is one transaction. */
const MESSAGES_PER_STEP = 2_000;
/** Tombstones, refusals and login windows removed in one step, of each. */
const AGED_PER_STEP = 5_000;
/** Seconds between two walks over all messages. */
const REST = 6 * 3_600;

const SWEEP_MESSAGES: HotStatement = {
  name: 'retention_sweep_messages',
  text: 'select reclaimed, forgotten, more from sweep_messages($1, $2, $3, $4)',
};
const SWEEP_AGED: HotStatement = {
  name: 'retention_sweep_aged',
  text: 'select tombstones, refusals from sweep_aged($1, $2, $3)',
};
/** Apart: a wrong password that is being counted waits for nothing else. */
const SWEEP_FAILURES: HotStatement = {
  name: 'retention_sweep_failures',
  text: 'select sweep_failures($1) as failures',
};

/** Rows of a removed mailbox or tenant taken out in one step. */
const REMOVED_PER_STEP = 5_000;
const SWEEP_REMOVED: HotStatement = {
  name: 'retention_sweep_removed',
  text: 'select purged, more from sweep_removed($1, $2)',
};

export interface RetentionSteps {
  readonly messages?: number;
  readonly aged?: number;
  readonly removed?: number;
  /** Seconds. */
  readonly rest?: number;
}

type Walked = Pick<Swept, 'reclaimed' | 'forgotten'> & { readonly more: boolean };
type Removed = Pick<Swept, 'purged'> & { readonly more: boolean };
type Aged = Pick<Swept, 'tombstones' | 'refusals'>;
type Forgotten = Pick<Swept, 'failures'>;

@Injectable()
export class PgRetentionStore extends RetentionStore {
  readonly #connection: HotConnection;
  readonly #steps: Required<RetentionSteps>;

  constructor(database: Database, steps: RetentionSteps = {}) {
    super();
    // What a crash undoes is swept again.
    this.#connection = database.hot({ asynchronousCommit: true, byIndex: true });
    this.#steps = { messages: MESSAGES_PER_STEP, aged: AGED_PER_STEP, removed: REMOVED_PER_STEP, rest: REST, ...steps };
  }

  override async sweep({ expungedDays, traceDays, removedDays }: Retention): Promise<Swept & { more: boolean }> {
    const { messages, aged, removed, rest } = this.#steps;
    const [gone] = await this.#connection.query<Removed>(SWEEP_REMOVED, [removed, removedDays]);
    const [walked] = await this.#connection.query<Walked>(SWEEP_MESSAGES, [messages, expungedDays, traceDays, rest]);
    const [old] = await this.#connection.query<Aged>(SWEEP_AGED, [aged, expungedDays, traceDays]);
    const [counts] = await this.#connection.query<Forgotten>(SWEEP_FAILURES, [aged]);
    if (!walked || !old || !gone || !counts) throw new Error('the sweep gave no row');
    const { tombstones, refusals } = old;
    const { failures } = counts;
    const more = gone.more || walked.more || Math.max(tombstones, refusals, failures) >= aged;
    return { ...walked, ...old, failures, purged: gone.purged, more };
  }
}
