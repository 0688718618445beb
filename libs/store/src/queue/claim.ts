/** Which rows a drain takes next, turn by turn between tenants. */
import { randomUUID } from 'node:crypto';
import type { Claim, Lane, LeasedDelivery } from '#domain';
import { columns } from '../columns.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';

/** Tenants served by one claim at most; more wait for the next claim, which starts after the last one served. */
export const TENANTS_PER_CLAIM = 32;
const BEFORE_ALL_TENANTS = '00000000-0000-0000-0000-000000000000';
const BEHIND_ALL_TENANTS = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/**
 * Milliseconds that a claim goes on behind the row where the last one ended; then one begins with the first again, and finds what came to
 * stand before it: a row whose commit took longer than that of a later one, or one that a vanished worker gave back.
 */
const GOES_ON_FOR = 10_000;
/** Waiting rows that one statement makes due. */
export const WAKES_PER_STATEMENT = 1000;

/**
 * $1 lane, $2 tenant after which to begin, $3 rows, $4 lease token, $5 lease seconds; $6 to $9 tenants whose rows up to this one are taken
 * (microseconds of the epoch, message, ordinal), by tenant. A skip scan finds the tenants that have due rows; each gets an equal share of
 * the batch, oldest due first. Both begin behind what is known to be taken: the index keeps an entry of it until a vacuum comes by, and as
 * long as any snapshot is older.
 */
export const CLAIM: HotStatement = {
  name: 'queue_claim',
  text: `
with recursive turns (tenant_id, number) as (
  select $2::uuid, 0
  union all
  select coalesce((select d.tenant_id from delivery d
                    where d.state = 'queued' and not d.deferred and d.lane = $1 and d.tenant_id > turns.tenant_id
                      and d.tenant_id < coalesce(k.tenant_id, '${BEHIND_ALL_TENANTS}')
                    order by d.tenant_id limit 1), k.tenant_id), turns.number + 1
    from turns left join lateral (select t.tenant_id from unnest($6::uuid[]) as t (tenant_id)
                                   where t.tenant_id > turns.tenant_id limit 1) k on true
   where turns.tenant_id is not null and turns.number < ${TENANTS_PER_CLAIM}
), chosen as (
  select due.tenant_id, due.message_id, due.ordinal, (select count(tenant_id)::int - 1 from turns) as tenants
    from (select t.tenant_id, coalesce(timestamptz 'epoch' + k.at * interval '1 microsecond', '-infinity') as at,
                 coalesce(k.message_id, '${BEFORE_ALL_TENANTS}') as message_id, coalesce(k.ordinal, -1) as ordinal
            from turns t
            left join unnest($6::uuid[], $7::bigint[], $8::uuid[], $9::int[]) as k (tenant_id, at, message_id, ordinal)
              on k.tenant_id = t.tenant_id
           where t.number > 0 and t.tenant_id is not null) t
   cross join lateral (
     select d.tenant_id, d.message_id, d.ordinal from delivery d
      where d.state = 'queued' and not d.deferred and d.lane = $1 and d.tenant_id = t.tenant_id and d.next_attempt_at <= now()
        and (d.next_attempt_at, d.message_id, d.ordinal) > (t.at, t.message_id, t.ordinal)
      order by d.next_attempt_at, d.message_id, d.ordinal
      limit (select greatest(1, $3::int / (count(tenant_id) - 1)) from turns)
      for update skip locked) due
)
update delivery d
   set came_from = d.state, state = 'leased', attempt = d.attempt + 1, fence = d.fence + 1, waits_for = null,
       lease_owner = $4::uuid, lease_until = now() + make_interval(secs => $5)
  from chosen c join message m on m.tenant_id = c.tenant_id and m.id = c.message_id
 where d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.ordinal = c.ordinal
returning d.tenant_id, d.message_id, d.ordinal, d.depth, d.recipient, d.domain_id, d.mailbox_id, d.attempt,
          extract(epoch from now() - d.queued_at)::float8 as age, m.reverse_path, m.octets, c.tenants,
          (extract(epoch from d.next_attempt_at) * 1000000)::bigint as due_at`,
};

/** Waiting rows whose time has come. */
export const WAKE: HotStatement = {
  name: 'queue_wake',
  text: `
with woken as (
  update delivery d set deferred = false
    from (select tenant_id, message_id, ordinal from delivery
           where state = 'queued' and deferred and next_attempt_at <= now()
           order by next_attempt_at limit ${WAKES_PER_STATEMENT} for update skip locked) w
   where d.tenant_id = w.tenant_id and d.message_id = w.message_id and d.ordinal = w.ordinal
  returning 1
)
select count(*)::int as count from woken`,
};

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
  /** That the claim found; each had an equal share of the batch. */
  tenants: number;
  /** Microseconds of the epoch. */
  due_at: number;
}

/** The last row taken of a tenant that has more. */
interface Reached extends Pick<ClaimedRow, 'tenant_id' | 'due_at' | 'message_id' | 'ordinal'> {
  /** When a claim last began with the tenant's first row, by the process clock. */
  readonly since: number;
}

/** Where the next claim of a lane begins. */
interface Turn {
  /** The tenant served last, so that the next claim starts with its neighbour. */
  readonly after: string;
  readonly reached: readonly Reached[];
}

const FIRST_TURN: Turn = { after: BEFORE_ALL_TENANTS, reached: [] };

/** Claims on a connection of their own. A claim that a crash undoes harms nobody, so it need not wait for the disk. */
export class Claims {
  readonly #connection: HotConnection;
  /** Of lanes that are not at their beginning. */
  readonly #turns = new Map<Lane, Turn>();

  /** @param connection asynchronous commits, plans by index */
  constructor(connection: HotConnection) {
    this.#connection = connection;
  }

  async claim(lane: Lane, limit: number, leaseSeconds: number): Promise<Claim> {
    const turn = this.#turnOf(lane);
    const first = await this.#claimIn(turn, lane, limit, leaseSeconds);
    if (first.deliveries.length > 0) return first;
    // What stands before this turn's beginning, then what waited and is due now.
    if (turn !== FIRST_TURN) {
      const second = await this.#claimIn(FIRST_TURN, lane, limit, leaseSeconds);
      if (second.deliveries.length > 0) return second;
    }
    return (await this.wake()) > 0 ? this.#claimIn(FIRST_TURN, lane, limit, leaseSeconds) : first;
  }

  /** Makes waiting rows due whose time has come, of all lanes; gives their number, at most WAKES_PER_STATEMENT. */
  async wake(): Promise<number> {
    const [row] = await this.#connection.query<{ count: number }>(WAKE, []);
    return row?.count ?? 0;
  }

  #turnOf(lane: Lane): Turn {
    const turn = this.#turns.get(lane);
    if (!turn) return FIRST_TURN;
    const now = performance.now();
    return { after: turn.after, reached: turn.reached.filter(({ since }) => now - since < GOES_ON_FOR) };
  }

  async #claimIn(turn: Turn, lane: Lane, limit: number, leaseSeconds: number): Promise<Claim> {
    const lease = randomUUID();
    const rows = await this.#connection.query<ClaimedRow>(CLAIM, [
      lane,
      turn.after,
      limit,
      lease,
      leaseSeconds,
      ...columns(
        turn.reached,
        ({ tenant_id }) => tenant_id,
        ({ due_at }) => due_at,
        ({ message_id }) => message_id,
        ({ ordinal }) => ordinal,
      ),
    ]);
    const tenants = Map.groupBy(rows, ({ tenant_id }) => tenant_id);
    const found = rows[0]?.tenants ?? 0;
    const share = Math.max(1, Math.floor(limit / Math.max(1, found)));
    const full = [...tenants.values()].filter((own) => own.length >= share);
    // A claim that began behind some tenant, or behind some row of one, has not looked at what stands before it.
    const skipped = rows.length > 0 && (turn.after !== BEFORE_ALL_TENANTS || turn.reached.length > 0);
    const more = skipped || found >= TENANTS_PER_CLAIM || full.length > 0;
    // One claim served every tenant from there on: the next one begins with the first again.
    const after = found < TENANTS_PER_CLAIM ? BEFORE_ALL_TENANTS : ([...tenants.keys()].sort().at(-1) ?? '');
    this.#goOn(lane, after, turn, tenants, full.map(lastOf));
    return { deliveries: rows.sort(byArrival).map((row) => toLeased(row, lease)), more };
  }

  #goOn(
    lane: Lane,
    after: string,
    turn: Turn,
    served: ReadonlyMap<string, unknown>,
    ends: readonly ClaimedRow[],
  ): void {
    const since = new Map(turn.reached.map((reached) => [reached.tenant_id, reached.since]));
    const now = performance.now();
    const reached = ends.map(({ tenant_id, due_at, message_id, ordinal }) => ({
      tenant_id,
      due_at,
      message_id,
      ordinal,
      since: since.get(tenant_id) ?? now,
    }));
    // Those before this turn's beginning, or behind its end, wait where they were.
    const waiting = turn.reached.filter(
      ({ tenant_id }) =>
        !served.has(tenant_id) && (tenant_id <= turn.after || (after !== BEFORE_ALL_TENANTS && tenant_id > after)),
    );
    const all = [...waiting, ...reached].sort((a, b) => (a.tenant_id < b.tenant_id ? -1 : 1));
    if (after === BEFORE_ALL_TENANTS && all.length === 0) this.#turns.delete(lane);
    else this.#turns.set(lane, { after: after === '' ? BEFORE_ALL_TENANTS : after, reached: all });
  }
}

const byArrival = (a: ClaimedRow, b: ClaimedRow): number =>
  a.message_id < b.message_id ? -1 : a.message_id > b.message_id ? 1 : a.ordinal - b.ordinal;

/** RETURNING has no order. */
const lastOf = (rows: readonly ClaimedRow[]): ClaimedRow =>
  rows.reduce((last, row) => ((row.due_at - last.due_at || byArrival(row, last)) > 0 ? row : last));

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
