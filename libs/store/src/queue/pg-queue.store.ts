import {
  MAX_DELIVERIES,
  QueueStore,
  QueueStores,
  type AskedMailbox,
  type CanonicalAddress,
  type Claim,
  type Deferral,
  type DirectoryFacts,
  type Expanded,
  type ExpandedTarget,
  type Hold,
  type Lane,
  type LaneKind,
  type LeasedDelivery,
  type Placed,
  type Placement,
  type WaitingGroup,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { columns } from '../columns.ts';
import { Database } from '../database.ts';
import { readDirectoryFacts, readMailboxFacts } from '../directory/directory-facts.ts';
import type { HotConnection } from '../hot-connection.ts';
import { isDataError, isLockTimeout } from '../pg-errors.ts';
import { Claims, WAKES_PER_STATEMENT } from './claim.ts';
import { placeAll } from './place.ts';
import {
  DEFER,
  DUE_LANES,
  EXPAND,
  EXPANDED,
  HOLD,
  LANES_PER_SWEEP,
  RELEASE_EXPIRED,
  SWEEP_PENDING,
  type Locking,
} from './statements.ts';
import { Waiting } from './waiting.ts';

/** Statements of WAKE in one sweep at most: what waits longer is woken by the next one, a second later. */
const WAKES_PER_SWEEP = 10;
/** Milliseconds that a connection which many share waits for a row. */
const SHARED_PATIENCE = 500;

/** Targets that one transaction of an expansion makes. */
const TARGETS_PER_STEP = 1000;

/** Each on connections of its own, opened at their first use. */
@Injectable()
export class PgQueueStores extends QueueStores {
  readonly #database: Database;
  readonly #stores = new Map<LaneKind | 'sweeper', PgQueueStore>();

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  override of(user: LaneKind | 'sweeper'): QueueStore {
    const store = this.#stores.get(user) ?? new PgQueueStore(this.#database);
    this.#stores.set(user, store);
    return store;
  }
}

export class PgQueueStore extends QueueStore {
  readonly #database: Database;
  readonly #claims: Claims;
  readonly #settles: HotConnection;
  readonly #reads: HotConnection;
  readonly #waiting: Waiting;
  /** Where the last look at the lanes ended; '': the next one begins with the first. */
  #lastLane = '';

  constructor(database: Database) {
    super();
    this.#database = database;
    this.#claims = new Claims(database.hot({ asynchronousCommit: true, byIndex: true, lockTimeout: SHARED_PATIENCE }));
    this.#settles = database.hot({ byIndex: true, lockTimeout: SHARED_PATIENCE });
    this.#reads = database.hot({ byIndex: true });
    this.#waiting = new Waiting(this.#settles);
  }

  override claim(lane: Lane, limit: number, leaseSeconds: number): Promise<Claim> {
    return this.#claims.claim(lane, limit, leaseSeconds);
  }

  override directoryFacts(addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> {
    return readDirectoryFacts(this.#reads, addresses);
  }

  override mailboxFacts(asked: readonly AskedMailbox[]): Promise<DirectoryFacts[]> {
    return readMailboxFacts(this.#reads, asked);
  }

  override async place(placements: readonly Placement[]): Promise<Placed[]> {
    const [only, ...more] = placements;
    if (!only) return [];
    try {
      return await this.#place(placements, 'wait');
    } catch (error) {
      // Somebody's long change of one mailbox must not hold up the mail of all others.
      if (isLockTimeout(error)) return this.#place(placements, 'skip locked');
      if (!isDataError(error)) throw error;
      // One row that can never be stored must not hold up its neighbours, batch after batch.
      if (more.length === 0) return this.#holdOne(only.delivery, error);
      const middle = placements.length >> 1;
      return [...(await this.place(placements.slice(0, middle))), ...(await this.place(placements.slice(middle)))];
    }
  }

  #place(placements: readonly Placement[], locking: Locking): Promise<Placed[]> {
    return this.#database.pipelinedTransaction((client) => placeAll(client, placements, locking));
  }

  async #holdOne(delivery: LeasedDelivery, error: unknown): Promise<Placed[]> {
    const why = error instanceof Error ? error.message : String(error);
    await this.hold([{ delivery, reason: `the database refuses it: ${why}` }]);
    return ['held'];
  }

  override async defer(deferrals: readonly Deferral[]): Promise<void> {
    if (deferrals.length === 0) return;
    const keys = leaseColumns(deferrals.map(({ delivery }) => delivery));
    await this.#settles.query(DEFER, [
      ...keys,
      ...columns(
        deferrals,
        ({ retryAfter }) => retryAfter,
        ({ reply }) => reply,
        () => null,
      ),
    ]);
  }

  override async hold(holds: readonly Hold[]): Promise<void> {
    if (holds.length === 0) return;
    const keys = leaseColumns(holds.map(({ delivery }) => delivery));
    await this.#settles.query(HOLD, [
      ...keys,
      ...columns(
        holds,
        ({ reason }) => reason,
        ({ waitsFor }) => waitsFor,
      ),
    ]);
  }

  override async expand(
    delivery: LeasedDelivery,
    targets: readonly ExpandedTarget[],
    leaseSeconds: number,
  ): Promise<Expanded> {
    const { tenantId, messageId, ordinal, lease } = delivery;
    const missing = delivery.attempt > 1 ? await this.#missing(delivery, targets) : targets;
    for (let first = 0; ; first += TARGETS_PER_STEP) {
      const step = missing.slice(first, first + TARGETS_PER_STEP);
      const isLast = first + TARGETS_PER_STEP >= missing.length;
      const [row] = await this.#settles.query<{ outcome: Expanded | 'more' }>(EXPAND, [
        tenantId,
        messageId,
        ordinal,
        lease,
        leaseSeconds,
        isLast,
        targets.length,
        MAX_DELIVERIES,
        ...columns(
          step,
          ({ recipient }) => recipient,
          ({ lane }) => lane,
          ({ domainId }) => domainId,
          ({ mailboxId }) => mailboxId,
          ({ hold }) => hold,
        ),
      ]);
      if (row && row.outcome !== 'more') return row.outcome;
    }
  }

  /** What another attempt has not made yet. */
  async #missing({ tenantId, messageId, ordinal }: LeasedDelivery, targets: readonly ExpandedTarget[]) {
    const domains = [...new Set(targets.flatMap(({ domainId }) => domainId ?? []))];
    const rows = await this.#settles.query<{ recipient: string; mailbox_id: string | null }>(EXPANDED, [
      tenantId,
      messageId,
      ordinal,
      domains,
    ]);
    const made = new Set(rows.map((row) => targetKey(row.recipient, row.mailbox_id)));
    return targets.filter(({ recipient, mailboxId }) => !made.has(targetKey(recipient, mailboxId)));
  }

  override waiting(): Promise<WaitingGroup[]> {
    return this.#waiting.next();
  }

  override goOn(groups: readonly WaitingGroup[]): Promise<number> {
    return this.#waiting.goOn(groups);
  }

  override async releaseExpired(): Promise<number> {
    return this.#count(await this.#settles.query(RELEASE_EXPIRED, []));
  }

  override async dueLanes(): Promise<Lane[]> {
    for (let woken = WAKES_PER_STATEMENT, at = 0; woken === WAKES_PER_STATEMENT && at < WAKES_PER_SWEEP; at++)
      woken = await this.#claims.wake();
    const found = await this.#settles.query<{ lane: Lane; number: number; due: boolean }>(DUE_LANES, [
      this.#lastLane,
      LANES_PER_SWEEP,
    ]);
    const rows = found.sort((a, b) => a.number - b.number);
    const last = rows.at(-1);
    this.#lastLane = last && last.number >= LANES_PER_SWEEP ? last.lane : '';
    return [...new Set(rows.filter(({ due }) => due).map(({ lane }) => lane))];
  }

  override async sweepPending(silentSeconds: number): Promise<number> {
    return this.#count(await this.#settles.query(SWEEP_PENDING, [silentSeconds]));
  }

  #count(rows: { count?: number }[]): number {
    return rows[0]?.count ?? 0;
  }
}

const targetKey = (recipient: string, mailboxId: string | null | undefined): string =>
  `${mailboxId ?? ''} ${recipient}`;

const leaseColumns = (deliveries: readonly LeasedDelivery[]): unknown[][] =>
  columns(
    deliveries,
    ({ tenantId }) => tenantId,
    ({ messageId }) => messageId,
    ({ ordinal }) => ordinal,
    ({ lease }) => lease,
  );
