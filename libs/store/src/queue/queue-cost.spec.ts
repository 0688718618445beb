/**
 * What the queue's statements cost does not grow with the queue. Counted in pages, not in time. The plans are made over an empty table and
 * kept, as a worker that has run for a while keeps them.
 */
import { DEFAULT_TENANT, LOCAL_LANE, type TenantId } from '#domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';
import { newId } from '../new-id.ts';
import { CLAIM, Claims, WAKE } from './claim.ts';
import { queueWorld, type QueueWorld } from './queue-fixture.spec-helper.ts';
import { DEFER, DUE_LANES, HOLD, RELEASE_EXPIRED } from './statements.ts';

const [FEW, MANY] = [200, 8000];
const LEASE = newId();
const NOBODY = '00000000-0000-0000-0000-000000000000';

let world: QueueWorld;
let worker: Database;
beforeAll(async () => {
  world = await queueWorld();
  worker = world.db.as('posthouse_worker');
  await world.rows('alter table delivery set (autovacuum_enabled = false)');
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

/** Rows due one after the other, spread over the tenants in turn. */
const fill = (count: number, tenants: readonly TenantId[] = [DEFAULT_TENANT], more = ''): Promise<unknown> =>
  world
    .rows(
      `with m as (
       insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                            envelope, body_structure, mime_index)
       select ($1::uuid[])[1 + n % cardinality($1::uuid[])], gen_random_uuid(), 'accepted', 'smtp', '', 'h', 'r', 1, 0, 1, 1, '', '', ''
         from generate_series(1, $2::int) n returning tenant_id, id)
     insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state, next_attempt_at)
     select tenant_id, id, 0, 'x@y', 'local', 'queued', now() - interval '1 hour' + row_number() over () * interval '10 ms' from m`,
      [tenants, count],
    )
    .then(() => (more === '' ? undefined : world.rows(more)));

/** A connection as the queue's own ones, with the statement's plan made over what is there now. */
async function planned(statement: HotStatement, values: unknown[]): Promise<HotConnection> {
  const hot = worker.hot({ byIndex: true });
  await hot.query(statement, values);
  return hot;
}

const literal = (value: unknown): string =>
  Array.isArray(value) ? `'{${value.join(',')}}'` : typeof value === 'number' ? `${value}` : `'${String(value)}'`;

/** Pages touched by one execution of the plan that is kept. */
async function pages(hot: HotConnection, { name }: HotStatement, values: unknown[]): Promise<number> {
  const text = `explain (analyze, buffers, format json) execute ${name}${values.length > 0 ? ` (${values.map(literal).join(', ')})` : ''}`;
  const [row] = await hot.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>({ name: '', text }, []);
  const plan = row?.['QUERY PLAN'][0].Plan;
  return (plan?.['Shared Hit Blocks'] ?? NaN) + (plan?.['Shared Read Blocks'] ?? NaN);
}

/** The dearest of some executions, over few rows and over many, before and after ANALYZE. */
async function costs(
  statement: HotStatement,
  values: unknown[],
  make: (count: number) => Promise<unknown>,
): Promise<{ few: number; many: number; analyzed: number }> {
  const hot = await planned(statement, values);
  const cost = async (): Promise<number> => {
    let most = 0;
    for (let at = 0; at < 3; at++) most = Math.max(most, await pages(hot, statement, values));
    return most;
  };
  await make(FEW);
  const few = await cost();
  await world.clear();
  await make(MANY);
  const many = await cost();
  await world.rows('analyze delivery, message');
  return { few, many, analyzed: await cost() };
}

/** An index of a hundred times as many entries is a level higher or two. */
const flat = ({ few, many, analyzed }: { few: number; many: number; analyzed: number }): void => {
  expect(few).toBeGreaterThan(0);
  expect(many).toBeLessThan(few * 2 + 100);
  expect(analyzed).toBeLessThan(few * 2 + 100);
};

const claimOf = (lane: string, limit = 50): unknown[] => [lane, NOBODY, limit, LEASE, 20, [], [], [], []];

describe('a claim costs the same', () => {
  test('with one tenant', async () => flat(await costs(CLAIM, claimOf(LOCAL_LANE), (count) => fill(count))));

  test('with many tenants', async () => {
    const tenants = await Promise.all(Array.from({ length: 100 }, (_, at) => world.directory.tenant(`cost-${at}`)));
    flat(await costs(CLAIM, claimOf(LOCAL_LANE), (count) => fill(count, tenants)));
  });

  // The first 300 stay due, twice what the claims take: behind them lie index entries of the others, dead and not vacuumed.
  test('beside rows of its lane that wait for a later attempt', async () => {
    const waits = `update delivery set deferred = true, next_attempt_at = now() + interval '1 hour' where next_attempt_at > now() - interval '59 minutes 57 seconds'`;
    flat(await costs(CLAIM, claimOf(LOCAL_LANE), (count) => fill(count, [DEFAULT_TENANT], waits)));
  });

  test('beside rows of other lanes', async () => {
    const elsewhere = `update delivery set lane = 'remote:' || message_id where next_attempt_at > now() - interval '59 minutes 57 seconds'`;
    flat(await costs(CLAIM, claimOf(LOCAL_LANE), (count) => fill(count, [DEFAULT_TENANT], elsewhere)));
  });

  test('behind all that was taken before, while somebody looks at an old snapshot and nothing can be vacuumed', async () => {
    const holder = await world.db.owner.connect();
    try {
      await holder.query('begin isolation level repeatable read');
      await holder.query('select 1');
      await fill(3000);
      const asked: unknown[][] = [];
      const hot = await planned(CLAIM, claimOf('remote:nobody.example'));
      const first = await pages(hot, CLAIM, claimOf(LOCAL_LANE));
      const claims = new Claims({
        query: (_: HotStatement, values: unknown[]) => {
          asked.push(values);
          return hot.query(CLAIM, values);
        },
      } as unknown as HotConnection);
      for (let at = 0; at < 50; at++) await claims.claim(LOCAL_LANE, 50, 20);
      const last = asked.at(-1) ?? [];
      expect(await pages(hot, CLAIM, last)).toBeLessThan(first * 1.5);
    } finally {
      await holder.query('rollback');
      holder.release();
    }
  });
});

describe('it costs the same', () => {
  const queued = (count: number): Promise<unknown> => fill(count);

  test('to look for lanes that are due', async () => flat(await costs(DUE_LANES, ['', 1000], queued)));

  test('to wake what waited, where nothing is to be woken', async () => {
    const waits = `update delivery set deferred = true, next_attempt_at = now() + interval '1 hour'`;
    flat(await costs(WAKE, [], (count) => fill(count, [DEFAULT_TENANT], waits)));
  });

  test('to take back leases that ran out', async () =>
    flat(
      await costs(RELEASE_EXPIRED, [], (count) =>
        fill(
          count,
          [DEFAULT_TENANT],
          `update delivery set came_from = state, state = 'leased', lease_owner = '${LEASE}', lease_until = now() + interval '1 minute'`,
        ),
      ),
    ));

  test.for([
    ['defer', DEFER, [60, 'no', 'room']],
    ['hold', HOLD, ['no', 'directory']],
  ] as const)('to %s a row', async ([, statement, rest]) => {
    const values = [[DEFAULT_TENANT], [newId()], [0], [LEASE], ...rest.map((value) => [value])];
    flat(await costs(statement, values, queued));
  });
});
