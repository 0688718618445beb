import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type FreshDatabase } from '#testing';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const OURS = `table_schema = 'public' and table_name not like 'kysely_%'`;

test('the Kysely types name exactly the columns of the migrated schema, with their nullability', async () => {
  const { rows } = await db.owner.query<{ table_name: string; column_name: string; is_nullable: string }>(
    `select table_name, column_name, is_nullable from information_schema.columns where ${OURS} order by table_name, ordinal_position`,
  );
  const migrated = rows.map(
    (row) => `${row.table_name}.${row.column_name}${row.is_nullable === 'YES' ? ' | null' : ''}`,
  );
  expect(mirrored(await readFile(new URL('schema.ts', import.meta.url), 'utf8'))).toEqual(migrated);
});

test('every primary key and unique index of a tenant-owned table contains tenant_id', async () => {
  const { rows } = await db.owner.query<{ table: string; index: string; columns: string[] }>(
    `select c.relname as table, i.relname as index, array_agg(a.attname::text) as columns
       from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
       join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum = any (x.indkey)
      where x.indisunique and n.nspname = 'public' and c.relname not like 'kysely_%'
      group by 1, 2 order by 1, 2`,
  );
  // Reference tables, the throttle's scratch table, and the one row of the retention walk.
  const global = new Set(['tenant', 'domain', 'auth_failure', 'retention_walk']);
  const owned = rows.filter((row) => !global.has(row.table));
  expect(owned.length).toBeGreaterThan(12);
  expect(owned.filter((row) => !row.columns.includes('tenant_id'))).toEqual([]);
});

/** 'table.column' with ' | null', in the order the file has them. */
function mirrored(source: string): string[] {
  const tables = new Map([...source.matchAll(/^ {2}(\w+): (\w+Table);$/gm)].map((found) => [found[2], found[1]]));
  const found: string[] = [];
  for (const [, name, body] of source.matchAll(/export interface (\w+Table) \{\n([^}]*)\}/g)) {
    for (const [, column, type] of (body ?? '').matchAll(/^ {2}(\w+): (.*);$/gm)) {
      found.push(`${tables.get(name)}.${column}${type?.includes('| null') ? ' | null' : ''}`);
    }
  }
  return found.sort(byTable);
}

/** Tables by name, columns as they stand. */
function byTable(a: string, b: string): number {
  const [left = '', right = ''] = [a.split('.')[0], b.split('.')[0]];
  return left < right ? -1 : left > right ? 1 : 0;
}
