import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type FreshDatabase } from '#testing';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const OURS = `table_schema = 'public' and table_name not like 'kysely_%'`;

/** What the drivers make of each type of the schema; `Number` for int8 is ours (database.ts). */
const DRIVEN: Readonly<Record<string, string>> = {
  uuid: 'string',
  text: 'string',
  int4: 'number',
  int8: 'number',
  bool: 'boolean',
  bytea: 'Buffer',
  timestamptz: 'Date',
  _text: 'string[]',
  _uuid: 'string[]',
};

test('the Kysely types name exactly the columns of the migrated schema, with their types and nullability', async () => {
  const { rows } = await db.owner.query<{ column: string; type: string; nullable: boolean }>(
    `select table_name || '.' || column_name as column, udt_name as type, is_nullable = 'YES' as nullable
       from information_schema.columns where ${OURS} order by table_name, ordinal_position`,
  );
  const migrated = rows.map(
    ({ column, type, nullable }) => `${column}: ${DRIVEN[type] ?? `nobody knows ${type}`}${nullable ? ' | null' : ''}`,
  );
  expect(mirrored(await readFile(new URL('schema.ts', import.meta.url), 'utf8'))).toEqual(migrated);
});

test('the drivers return those types', async () => {
  const { rows } = await db.as('posthouse_api').pool.query<Record<string, unknown>>(
    `select gen_random_uuid() as uuid, 'x'::text as text, 1::int4 as int4, 1::int8 as int8, true as bool, '\\x00'::bytea as bytea,
            now() as timestamptz, array['x'::text] as _text, array[gen_random_uuid()] as _uuid`,
  );
  const typeOf = (value: unknown): string => {
    if (Array.isArray(value)) return `${typeOf(value[0])}[]`;
    return value instanceof Object ? value.constructor.name : typeof value;
  };
  const returned = Object.entries(rows[0] ?? {}).map(([type, value]) => [type, typeOf(value)]);
  expect(Object.fromEntries(returned)).toEqual(DRIVEN);
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

/** 'table.column: type' with ' | null', in the order the file has them. */
function mirrored(source: string): string[] {
  const tables = new Map([...source.matchAll(/^ {2}(\w+): (\w+Table);$/gm)].map((found) => [found[2], found[1]]));
  const found: string[] = [];
  for (const [, name, body] of source.matchAll(/export interface (\w+Table) \{\n([^}]*)\}/g)) {
    for (const [, column, type = ''] of (body ?? '').matchAll(/^ {2}(\w+): (.*);$/gm)) {
      found.push(`${tables.get(name)}.${column}: ${selected(type)}`);
    }
  }
  return found.sort(byTable);
}

/** What a select of a column of this type gives, brands and literals as the string that they are. */
function selected(type: string): string {
  const nullable = type.endsWith(' | null');
  const bare = type
    .replace(/ \| null$/, '')
    .replace(/^Stamp$/, 'Date')
    .replace(/^Generated<(.*)>$/, '$1')
    .replace(/^ColumnType<(\w+),.*>$/, '$1')
    .replace(/^(?:\w+Id|DeliveryState|MailboxState|RowKind|'[^']*'(?: \| '[^']*')*)$/, 'string');
  return `${bare}${nullable ? ' | null' : ''}`;
}

/** Tables by name, columns as they stand. */
function byTable(a: string, b: string): number {
  const [left = '', right = ''] = [a.split('.')[0], b.split('.')[0]];
  return left < right ? -1 : left > right ? 1 : 0;
}
