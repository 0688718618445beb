/**
 * What the triggers on `delivery` cost beside none and beside triggers that fire before: `npm run build && node bench/true-past.ts URL`.
 * URL is that of the owner of an empty database on this machine; what is in it is overwritten.
 */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { migrate } from '#store';

const ROWS = 100_000;
const ROUNDS = 15;
const TENANT = '00000000-0000-7000-8000-000000000001';
const KINDS = ['none', 'after', 'before'] as const;
const LEASE = `lease_owner = '${TENANT}', lease_until = now()`;
const NO_LEASE = 'lease_owner = null, lease_until = null';
const STATEMENTS = {
  insert: `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state)
           select '${TENANT}', gen_random_uuid(), 0, 'someone@example.org', 'local', 'queued' from generate_series(1, ${ROWS})`,
  claim: `update delivery d set came_from = d.state, state = 'leased', attempt = attempt + 1, fence = fence + 1, ${LEASE}
            from (select tenant_id, message_id, ordinal from delivery where state = 'queued' for update skip locked) e
           where (d.tenant_id, d.message_id, d.ordinal) = (e.tenant_id, e.message_id, e.ordinal)`,
  defer: `update delivery set came_from = state, state = 'queued', ${NO_LEASE}`,
  settle: `update delivery set came_from = state, state = 'delivered', settled_at = now(), ${NO_LEASE}`,
};
type Statement = keyof typeof STATEMENTS;

const [, , url] = process.argv;
if (url === undefined) throw new Error('usage: true-past.ts URL');
await migrate(url);
const client = new Client({ connectionString: url });
await client.connect();
const one = async <T>(text: string): Promise<T> =>
  (await client.query<{ value: T }>(`select ${text} as value`)).rows[0]?.value as T;
const backend = await one<number>('pg_backend_pid()');

/** Milliseconds on a CPU so far. */
const cpu = (): number => Number(readFileSync(`/proc/${backend}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
const wal = (): Promise<number> => one<number>(`(pg_current_wal_insert_lsn() - '0/0')::float8 / 1e6`);

async function arm(kind: (typeof KINDS)[number]): Promise<void> {
  await client.query(`drop trigger if exists delivery_true_past on delivery;
                      drop trigger if exists delivery_true_birth on delivery; truncate delivery`);
  if (kind === 'none') return;
  await client.query(`
    create trigger delivery_true_past ${kind} update of state on delivery
      for each row when (new.came_from is distinct from old.state) execute function refuse_false_past();
    create trigger delivery_true_birth ${kind} insert on delivery
      for each row when (new.came_from is not null) execute function refuse_false_past()`);
}

const found = new Map<string, { ms: number; mb: number }[]>();
for (let round = 0; round < ROUNDS; round++) {
  // Each kind is first, second and third in turn.
  for (const kind of KINDS.map((_, at) => KINDS[(at + round) % KINDS.length] ?? 'none')) {
    await arm(kind);
    const run = async (name: Statement, measured = true): Promise<void> => {
      const [ms, mb] = [cpu(), await wal()];
      await client.query(STATEMENTS[name]);
      const figures = found.get(`${name} ${kind}`) ?? [];
      if (measured) found.set(`${name} ${kind}`, [...figures, { ms: cpu() - ms, mb: (await wal()) - mb }]);
      if (name === 'settle') return;
      // Else the next statement pays for what this one left: dead rows, full pages in the log.
      await client.query('vacuum analyze delivery');
      await client.query('checkpoint');
    };
    await run('insert');
    await run('claim');
    await run('defer');
    await run('claim', false);
    await client.query('begin');
    await client.query('select from delivery for update');
    await run('settle');
    await client.query('commit');
  }
}
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
for (const [what, figures] of found) {
  const [ms, mb] = [median(figures.map((figure) => figure.ms)), median(figures.map((figure) => figure.mb))];
  console.log(`${what.padEnd(16)} ${ms.toFixed(0).padStart(6)} ms CPU ${mb.toFixed(1).padStart(7)} MB WAL`);
}
await client.end();
