/** What each role may do by the catalog, and by docs/rights.md, as lines that can be compared. */
import { readFile } from 'node:fs/promises';
import { APP_ROLES } from '#runtime';
import type pg from 'pg';

const DOCUMENT = new URL('../../../docs/rights.md', import.meta.url);
export const EVERYBODY = 'everybody';
/** Of each heading `## name` of the document. */
export type Rights = Map<string, string[]>;

const OUTSIDE = `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^pg_(toast_)?temp'`;

/**
 * Every column of every table, with every verb: what the role itself, PUBLIC or a membership gives. A verb on the whole table has no
 * columns behind it, and covers columns that come later. Tables of BullMQ that have the same rights are one line.
 */
const TABLES = `
with verbs (verb, by_column) as (
  values ('SELECT', true), ('INSERT', true), ('UPDATE', true), ('REFERENCES', true), ('DELETE', false), ('TRUNCATE', false), ('TRIGGER', false)
), found as (
  select r.role, case n.nspname when 'public' then c.relname else n.nspname || '.' || c.relname end as name, n.nspname, v.verb,
         case when not has_table_privilege(r.role, c.oid, v.verb) then
           (select string_agg(a.attname, ', ' order by a.attname) from pg_attribute a
             where v.by_column and a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and case when v.by_column then has_column_privilege(r.role, c.oid, a.attnum, v.verb) end)
           else '' end as columns
    from unnest($1::text[]) r (role), verbs v, pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${OUTSIDE}
), named as (
  select role, verb, columns,
         case when nspname <> 'bullmq' then name
              when count(*) over (partition by role, nspname, verb, columns)
                 = (select count(*) from pg_class where relnamespace = 'bullmq'::regnamespace and relkind in ('r', 'p')) then 'all tables of bullmq'
              else name end as name
    from found where columns is not null
)
select distinct role, name || ': ' || verb || case columns when '' then '' else ' (' || columns || ')' end as line from named`;

const SEQUENCES = `
select r.role, 'sequence ' || case n.nspname when 'bullmq' then 'of bullmq' else c.relname end || ': ' || string_agg(distinct v, ', ') as line
  from unnest($1::text[]) r (role), unnest(array['USAGE', 'SELECT', 'UPDATE']) v, pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'S' and ${OUTSIDE} and case when c.relkind = 'S' then has_sequence_privilege(r.role, c.oid, v) end
 group by r.role, n.nspname, case n.nspname when 'bullmq' then 'of bullmq' else c.relname end`;

const FUNCTIONS = `
select distinct r.role, case n.nspname when 'bullmq' then 'functions of bullmq' else 'function ' || p.proname end || ': EXECUTE' as line
  from unnest($1::text[]) r (role), pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where ${OUTSIDE} and has_function_privilege(r.role, p.oid, 'execute')`;

const SCHEMAS = `
select r.role, 'schema ' || n.nspname || ': ' || v as line
  from unnest($1::text[]) r (role), unnest(array['USAGE', 'CREATE']) v, pg_namespace n
 where ${OUTSIDE} and has_schema_privilege(r.role, n.oid, v)`;

const DATABASE = `
select r.role, 'database: ' || v as line from unnest($1::text[]) r (role), unnest(array['CONNECT', 'CREATE', 'TEMPORARY']) v
 where has_database_privilege(r.role, current_database(), v)`;

const POLICIES = `
select role, tablename || ' rows: ' || cmd || coalesce(' where ' || case cmd when 'INSERT' then null else qual end, '')
       || coalesce(' then ' || nullif(with_check, case cmd when 'INSERT' then null else qual end), '') as line
  from pg_policies, unnest(roles::text[]) role where schemaname = 'public'`;

/** Grants to PUBLIC: what any role has that anybody makes later. */
const OPEN = `
select '${EVERYBODY}' as role, line from (
  select 'table ' || c.relname || ': ' || a.privilege_type as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a where ${OUTSIDE} and a.grantee = 0
  union all
  select 'table ' || c.relname || ': ' || a.privilege_type || ' (' || t.attname || ')'
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
   where ${OUTSIDE} and a.grantee = 0
  union all
  select case n.nspname when 'bullmq' then 'functions of bullmq' else 'function ' || p.proname end || ': EXECUTE'
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
   where ${OUTSIDE} and a.grantee = 0
  union all
  select 'schema ' || n.nspname || ': ' || a.privilege_type
    from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a where ${OUTSIDE} and a.grantee = 0
  union all
  select 'database: ' || a.privilege_type
    from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.datname = current_database() and a.grantee = 0
) as open`;

export async function liveRights(owner: pg.Pool): Promise<Rights> {
  const rights: Rights = new Map([...APP_ROLES, EVERYBODY].map((role) => [role, []]));
  for (const query of [TABLES, SEQUENCES, FUNCTIONS, SCHEMAS, DATABASE]) {
    collect(rights, (await owner.query(query, [APP_ROLES])).rows);
  }
  for (const query of [POLICIES, OPEN]) collect(rights, (await owner.query(query)).rows);
  for (const [role, lines] of rights) rights.set(role, [...new Set(lines)].sort());
  return rights;
}

function collect(rights: Rights, rows: { role: string; line: string }[]): void {
  for (const { role, line } of rows) {
    const lines = rights.get(role) ?? [];
    lines.push(line.replaceAll(/\s+/g, ' '));
    rights.set(role, lines);
  }
}

/** `- \`right\`: why`, one a line, below the heading of its role. */
const ENTRY = /^- `([^`]+)`: (.+)$/;

export interface Documented {
  readonly rights: Rights;
  /** Lines that name no reason, or the same right twice. */
  readonly faults: string[];
}

export async function documentedRights(): Promise<Documented> {
  const rights: Rights = new Map();
  const faults: string[] = [];
  let role = '';
  for (const line of (await readFile(DOCUMENT, 'utf8')).split('\n')) {
    const heading = /^## (\w+)/.exec(line)?.[1];
    if (heading !== undefined) role = heading;
    if (!line.startsWith('- `')) continue;
    const [, right = '', why = ''] = ENTRY.exec(line) ?? [];
    const known = rights.get(role) ?? [];
    if (why.length < 4 || known.includes(right)) faults.push(line);
    known.push(right);
    rights.set(role, known);
  }
  for (const [name, lines] of rights) rights.set(name, lines.sort());
  return { rights, faults };
}
