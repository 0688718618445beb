/** What a statement of a store reads, told by Postgres: figures that are the same on every machine. */
import type pg from 'pg';
import type { HotConnection, HotStatement } from '../hot-connection.ts';

export interface Asked {
  readonly statement: HotStatement;
  readonly values: readonly unknown[];
}

/** What `work` asks of a connection. @param answers rows of the first answers; all others have none */
export async function allAskedBy(
  work: (connection: HotConnection) => Promise<unknown>,
  answers: readonly unknown[][],
): Promise<Asked[]> {
  const asked: Asked[] = [];
  const connection: Pick<HotConnection, 'query'> = {
    query: (statement, values) => Promise.resolve((answers[asked.push({ statement, values }) - 1] ?? []) as never[]),
  };
  await work(connection as HotConnection);
  return asked;
}

/** The first statement that `work` asks, which is not answered. */
export async function askedBy(work: (connection: HotConnection) => Promise<unknown>): Promise<Asked> {
  const [first] = await allAskedBy(work, []);
  if (!first) throw new Error('nothing was asked');
  return first;
}

export const PLAN_MODES = ['force_generic_plan', 'force_custom_plan'] as const;
export type PlanMode = (typeof PLAN_MODES)[number];

/** Pages of 8 KiB that the statement touches, and rows it looked at in vain. */
export async function readCost(
  client: pg.ClientBase,
  { statement, values }: Asked,
  mode: PlanMode,
): Promise<{ pages: number; plan: string }> {
  await client.query('deallocate all');
  await client.query(`set plan_cache_mode = ${mode}`);
  await client.query(`prepare asked as ${statement.text}`);
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(
    `explain (analyze, buffers, costs off, timing off) execute asked${values.length > 0 ? ` (${values.map(literal).join(', ')})` : ''}`,
  );
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  const buffers = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan);
  return { pages: Number(buffers?.[1] ?? 0) + Number(buffers?.[2] ?? 0), plan };
}

const literal = (value: unknown): string => {
  if (Array.isArray(value)) return `'{${value.join(',')}}'`;
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
};
