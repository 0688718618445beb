/** Figures of the whole house, counted page by page in one snapshot: no statement of it is long, and no delivery counts twice while it moves. */
import { type HouseStatistics, type QueueDepth, type Removals } from '#domain';
import { sql, type RawBuilder } from 'kysely';
import type { Act } from '../directory/act.ts';
import { ROWS_PER_PAGE, ZERO_ID } from './pages.ts';

/** Rows up to which messages are counted one by one. */
const EXACT_MESSAGES = 100_000;

type State = QueueDepth['state'];

interface LaneRow {
  lane: string;
  count: number;
  /** Seconds. */
  oldest: number;
  postmaster: number;
  /** Where the page ends, the same for all its lanes: columns of the index, as text; null behind the last page. */
  last: string[] | null;
}

/** Rows that wait, as an index has them that knows no others. */
interface Waiting {
  readonly state: State;
  readonly only: RawBuilder<unknown>;
  /** In the order of the index. What they leave equal comes in one page: a few rows, of one claim or one message. */
  readonly key: readonly (readonly [column: string, type: string])[];
}

const WAITING: readonly Waiting[] = [
  {
    state: 'queued',
    only: sql`state = 'queued' and not deferred`,
    key: [
      ['lane', 'text'],
      ['tenant_id', 'uuid'],
      ['next_attempt_at', 'timestamptz'],
      ['message_id', 'uuid'],
      ['ordinal', 'int'],
    ],
  },
  {
    state: 'queued',
    only: sql`state = 'queued' and deferred`,
    key: [
      ['tenant_id', 'uuid'],
      ['message_id', 'uuid'],
      ['ordinal', 'int'],
    ],
  },
  { state: 'leased', only: sql`state = 'leased'`, key: [['lease_until', 'timestamptz']] },
  {
    state: 'held',
    only: sql`state = 'held'`,
    key: [
      ['tenant_id', 'uuid'],
      ['message_id', 'uuid'],
    ],
  },
];

/** Under the operator as principal. @param page rows of one statement */
export async function readStatistics(act: Act, page = ROWS_PER_PAGE): Promise<HouseStatistics> {
  const depths = new Map<string, QueueDepth>();
  let heldForPostmaster = 0;
  for (const waiting of WAITING) {
    for await (const { lane, count, oldest, postmaster } of lanesOf(act, waiting, page)) {
      heldForPostmaster += postmaster;
      const { state } = waiting;
      const known = depths.get(`${lane} ${state}`);
      depths.set(`${lane} ${state}`, {
        lane,
        state,
        count: count + (known?.count ?? 0),
        oldestSeconds: Math.max(oldest, known?.oldestSeconds ?? 0),
      });
    }
  }
  return {
    queue: [...depths.values()].sort(byLane),
    tenants: (await countAll(act, 'tenant', ['id'], page, IS_THERE)) - 1,
    domains: await countAll(act, 'domain', ['id'], page, IS_THERE),
    mailboxes: await countAll(act, 'mailbox', ['tenant_id', 'id'], page),
    messages: await countMessages(act, page),
    heldForPostmaster,
    removals: await readRemovals(act, page),
  };
}

const IS_THERE = sql`removed_at is null`;
const IS_MARKED = sql`removed_at is not null`;
/** A tenant's mailboxes have no days of grace. */
const IS_SWEPT = sql`purging or removed_at = '-infinity'`;
const IS_KEPT = sql`not purging and removed_at > '-infinity'`;

async function readRemovals(act: Act, page: number): Promise<Removals> {
  const key = ['tenant_id', 'id'];
  const { rows } = await sql<{ oldest: number | null }>`
    select extract(epoch from now() - least((select min(removed_at) from domain where removed_at is not null),
                                            (select min(removed_at) from tenant where removed_at is not null)))::float8 as oldest`.execute(
    act,
  );
  return {
    tenants: await countAll(act, 'tenant', ['id'], page, IS_MARKED),
    domains: await countAll(act, 'domain', ['id'], page, IS_MARKED),
    mailboxes: await countAll(act, 'removed_mailbox', key, page, IS_SWEPT),
    kept: await countAll(act, 'removed_mailbox', key, page, IS_KEPT),
    oldestSeconds: Math.max(0, rows[0]?.oldest ?? 0),
  };
}

const byLane = (a: QueueDepth, b: QueueDepth): number =>
  a.lane === b.lane ? (a.state < b.state ? -1 : 1) : a.lane < b.lane ? -1 : 1;

/** Held in place of the mailbox that every domain must have. */
const IS_FOR_POSTMASTER = sql`state = 'held' and mailbox_id is null and lower(recipient) like 'postmaster%'`;

async function* lanesOf(act: Act, { only, key }: Waiting, page: number): AsyncGenerator<LaneRow, void> {
  const columns = sql.join(key.map(([column]) => sql.ref(column)));
  const kept = sql.join(key.map(([column], at) => sql`${sql.ref(column)}::text as ${sql.ref(`at${at}`)}`));
  const ends = sql.join(key.map((_, at) => sql.ref(`at${at}`)));
  const behind = (last: readonly string[]): RawBuilder<unknown> =>
    sql`(${columns}) > (${sql.join(last.map((value, at) => sql`${value}::${sql.raw(key[at]?.[1] ?? 'text')}`))})`;
  let from: RawBuilder<unknown> = sql`true`;
  for (;;) {
    const { rows } = await sql<LaneRow>`
      with page as materialized (
        select lane, queued_at, ${IS_FOR_POSTMASTER} as postmaster, ${kept}
          from delivery where ${only} and ${from}
         order by ${columns} fetch first ${sql.lit(page)} rows with ties
      )
      select lane, count(*) as count, greatest(0, extract(epoch from now() - min(queued_at)))::float8 as oldest,
             count(*) filter (where postmaster) as postmaster, (select array[${ends}] from page offset ${sql.lit(page - 1)} limit 1) as last
        from page group by lane`.execute(act);
    yield* rows;
    const last = rows[0]?.last;
    if (!last) return;
    from = behind(last);
  }
}

interface Counted {
  count: number;
  last: string[] | null;
}

/** @param key primary key, of UUIDs */
async function countAll(
  act: Act,
  table: 'tenant' | 'domain' | 'mailbox' | 'message' | 'removed_mailbox',
  key: readonly string[],
  page: number,
  only = sql`true`,
): Promise<number> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  let all = 0;
  for (let last: readonly string[] | null = key.map(() => ZERO_ID); last;) {
    const { rows }: { rows: Counted[] } = await sql<Counted>`
      with page as materialized (
        select ${columns}, ${only} as counts from ${sql.table(table)}
         where (${columns}) > (${sql.join(last.map((value) => sql`${value}::uuid`))}) order by ${columns} limit ${sql.lit(page)}
      )
      select count(*) filter (where counts) as count, (select array[${columns}]::text[] from page offset ${sql.lit(page - 1)} limit 1) as last
        from page`.execute(act);
    all += rows[0]?.count ?? 0;
    last = rows[0]?.last ?? null;
  }
  return all;
}

async function countMessages(act: Act, page: number): Promise<number> {
  const { rows } = await sql<{ estimate: number }>`
    select reltuples::bigint as estimate from pg_class where oid = 'message'::regclass`.execute(act);
  const { estimate = 0 } = rows[0] ?? {};
  return estimate > EXACT_MESSAGES
    ? estimate
    : countAll(act, 'message', ['tenant_id', 'id'], page, sql`state = 'accepted'`);
}
