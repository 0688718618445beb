/** Writes the migrated schema to libs/store/schema.sql, so that a schema change is a reviewable diff. `--check` fails when it is stale. */
import { mkdtemp, readFile, rm, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { acquireHouse, silentLog, startEmbedded } from '#runtime';
import { migrate } from '#store';

const FILE = new URL('../libs/store/schema.sql', import.meta.url);

/** What a reader wants to compare, as text lines, from the catalogs: the embedded packages bring no pg_dump. */
const QUERIES = {
  columns: `select format('%s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end, coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by c.relname, a.attnum`,
  constraints: `select format('%s: %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as line from pg_constraint
    where connamespace = 'public'::regnamespace and contype <> 'n' order by conrelid::regclass::text, conname`,
  indexes: `select indexdef as line from pg_indexes where schemaname = 'public' order by indexname`,
  policies: `select format('%s: %s to %s using %s check %s', tablename, policyname, roles, qual, with_check) as line from pg_policies
    where schemaname = 'public' order by tablename, policyname`,
  functions: `select pg_get_functiondef(oid) as line from pg_proc where pronamespace = 'public'::regnamespace order by proname`,
  triggers: `select pg_get_triggerdef(t.oid) as line from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'public'::regnamespace and not t.tgisinternal order by t.tgname`,
  grants: `select format('%s on %s to %s', string_agg(privilege_type, ', ' order by privilege_type), table_name, grantee) as line
    from information_schema.table_privileges where table_schema = 'public' and grantee like 'posthouse\\_%'
    group by table_name, grantee order by table_name, grantee`,
  'column grants': `select format('%s (%s) on %s to %s', privilege_type, string_agg(column_name, ', ' order by column_name), table_name, grantee) as line
    from information_schema.column_privileges p where table_schema = 'public' and grantee like 'posthouse\\_%'
      and not exists (select from information_schema.table_privileges t where t.table_schema = 'public' and t.table_name = p.table_name
        and t.grantee = p.grantee and t.privilege_type = p.privilege_type)
    group by privilege_type, table_name, grantee order by table_name, grantee, privilege_type`,
} as const;

const folder = await mkdtemp(join(tmpdir(), 'posthouse-schema-'));
await chmod(folder, 0o711);
const lock = acquireHouse(folder);
if ('heldBy' in lock) throw new Error(`${folder} is held by process ${lock.heldBy}`);
const database = await startEmbedded(lock, silentLog());
try {
  const dump = await read(database.url);
  const current = await readFile(FILE, 'utf8').catch(() => '');
  if (!process.argv.includes('--check')) await writeFile(FILE, dump);
  else if (dump !== current) {
    process.stderr.write('libs/store/schema.sql is stale: run "npm run generated"\n');
    process.exitCode = 1;
  }
} finally {
  await database.stop();
  lock.release();
  await rm(folder, { recursive: true, force: true });
}

async function read(url: string): Promise<string> {
  await migrate(url);
  const client = new Client(url);
  await client.connect();
  const parts = ['-- Generated from the migrated schema by "npm run generated"; do not edit.'];
  for (const [title, query] of Object.entries(QUERIES)) {
    const { rows } = await client.query<{ line: string }>(query);
    parts.push(`\n-- ${title}`, ...rows.filter(({ line }) => !line.includes('kysely_')).map(({ line }) => line));
  }
  await client.end();
  return `${parts.join('\n')}\n`;
}
