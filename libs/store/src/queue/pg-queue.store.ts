import { randomUUID } from 'node:crypto';
import {
  QueueStore,
  type CanonicalAddress,
  type Claim,
  type Deferral,
  type DirectoryFacts,
  type ExpandedTarget,
  type Hold,
  type Lane,
  type LeasedDelivery,
  type Placed,
  type Placement,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { columns } from '../columns.ts';
import { Database } from '../database.ts';
import { readDirectoryFacts } from '../directory/directory-facts.ts';
import type { HotConnection } from '../hot-connection.ts';
import { isDataError, isLockTimeout } from '../pg-errors.ts';
import { placeAll } from './place.ts';
import {
  CLAIM,
  DEFER,
  DUE_LANES,
  EXPAND,
  HOLD,
  LANES_PER_SWEEP,
  RELEASE_EXPIRED,
  SWEEP_PENDING,
  TENANTS_PER_CLAIM,
  type Locking,
} from './statements.ts';

const BEFORE_ALL_TENANTS = '00000000-0000-0000-0000-000000000000';

interface ClaimedRow {
  tenant_id: LeasedDelivery['tenantId'];
  message_id: LeasedDelivery['messageId'];
  ordinal: number;
  depth: number;
  recipient: string;
  domain_id: LeasedDelivery['domainId'] | null;
  mailbox_id: LeasedDelivery['mailboxId'] | null;
  attempt: number;
  age: number;
  reverse_path: string;
  octets: number;
  /** That the claim found due; each had an equal share of the batch. */
  tenants: number;
}

@Injectable()
export class PgQueueStore extends QueueStore {
  readonly #database: Database;
  readonly #claims: HotConnection;
  readonly #reads: HotConnection;
  /** Per lane: the tenant served last, so that the next claim starts with its neighbour. */
  readonly #lastServed = new Map<Lane, string>();
  /** Where the last look at the lanes ended; '': the next one begins with the first. */
  #lastLane = '';

  constructor(database: Database) {
    super();
    this.#database = database;
    // A claim that a crash undoes harms nobody: its token is lost with it. So it need not wait for the disk.
    this.#claims = database.hot({ asynchronousCommit: true });
    this.#reads = database.hot();
  }

  override async claim(lane: Lane, limit: number, leaseSeconds: number): Promise<Claim> {
    const after = this.#lastServed.get(lane) ?? BEFORE_ALL_TENANTS;
    const first = await this.#claimAfter(lane, after, limit, leaseSeconds);
    if (first.deliveries.length > 0 || after === BEFORE_ALL_TENANTS) return first;
    return this.#claimAfter(lane, BEFORE_ALL_TENANTS, limit, leaseSeconds);
  }

  async #claimAfter(lane: Lane, after: string, limit: number, leaseSeconds: number): Promise<Claim> {
    const lease = randomUUID();
    const rows = await this.#claims.query<ClaimedRow>(CLAIM, [lane, after, limit, lease, leaseSeconds]);
    const tenants = new Map<string, number>();
    for (const { tenant_id } of rows) tenants.set(tenant_id, (tenants.get(tenant_id) ?? 0) + 1);
    const found = rows[0]?.tenants ?? 0;
    const share = Math.max(1, Math.floor(limit / Math.max(1, found)));
    // A claim that began behind some tenant has not looked at those before it.
    const skipped = rows.length > 0 && after !== BEFORE_ALL_TENANTS;
    const more = skipped || found >= TENANTS_PER_CLAIM || [...tenants.values()].some((count) => count >= share);
    // One claim served every tenant from there on: the next one begins with the first again.
    if (found < TENANTS_PER_CLAIM) this.#lastServed.delete(lane);
    else this.#lastServed.set(lane, [...tenants.keys()].sort().at(-1) ?? BEFORE_ALL_TENANTS);
    return { deliveries: rows.sort(byArrival).map((row) => toLeased(row, lease)), more };
  }

  override directoryFacts(addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> {
    return readDirectoryFacts(this.#reads, addresses);
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
    await this.#database.pool.query(DEFER, [
      ...keys,
      ...columns(
        deferrals,
        ({ retryAfter }) => retryAfter,
        ({ reply }) => reply,
      ),
    ]);
  }

  override async hold(holds: readonly Hold[]): Promise<void> {
    if (holds.length === 0) return;
    const keys = leaseColumns(holds.map(({ delivery }) => delivery));
    await this.#database.pool.query(HOLD, [...keys, ...columns(holds, ({ reason }) => reason)]);
  }

  override async expand(
    { tenantId, messageId, ordinal, lease }: LeasedDelivery,
    targets: readonly ExpandedTarget[],
  ): Promise<void> {
    await this.#reads.query(EXPAND, [
      tenantId,
      messageId,
      ordinal,
      lease,
      ...columns(
        targets,
        ({ recipient }) => recipient,
        ({ lane }) => lane,
        ({ domainId }) => domainId,
        ({ mailboxId }) => mailboxId,
        ({ hold }) => hold,
      ),
    ]);
  }

  override async releaseExpired(): Promise<number> {
    return this.#count(await this.#reads.query(RELEASE_EXPIRED, []));
  }

  override async dueLanes(): Promise<Lane[]> {
    const rows = await this.#reads.query<{ lane: Lane; number: number; due: boolean }>(DUE_LANES, [
      this.#lastLane,
      LANES_PER_SWEEP,
    ]);
    const last = rows.at(-1);
    this.#lastLane = last && last.number >= LANES_PER_SWEEP ? last.lane : '';
    return [...new Set(rows.filter(({ due }) => due).map(({ lane }) => lane))];
  }

  override async sweepPending(silentSeconds: number): Promise<number> {
    return this.#count(await this.#reads.query(SWEEP_PENDING, [silentSeconds]));
  }

  #count(rows: { count?: number }[]): number {
    return rows[0]?.count ?? 0;
  }
}

/** RETURNING has no order; what came first gets the lower UID. Message ids sort by time. */
const byArrival = (a: ClaimedRow, b: ClaimedRow): number =>
  a.message_id < b.message_id ? -1 : a.message_id > b.message_id ? 1 : a.ordinal - b.ordinal;

const leaseColumns = (deliveries: readonly LeasedDelivery[]): unknown[][] =>
  columns(
    deliveries,
    ({ tenantId }) => tenantId,
    ({ messageId }) => messageId,
    ({ ordinal }) => ordinal,
    ({ lease }) => lease,
  );

const toLeased = (row: ClaimedRow, lease: string): LeasedDelivery => ({
  tenantId: row.tenant_id,
  messageId: row.message_id,
  ordinal: row.ordinal,
  depth: row.depth,
  lease,
  recipient: row.recipient,
  domainId: row.domain_id ?? undefined,
  mailboxId: row.mailbox_id ?? undefined,
  attempt: row.attempt,
  ageSeconds: row.age,
  reversePath: row.reverse_path,
  octets: row.octets,
});
