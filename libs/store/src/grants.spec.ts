import { DEFAULT_TENANT, ROOT_TENANT, type TenantId } from '#domain';
import type { AppRole } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from './database.ts';

const A = '00000000-0000-7000-8000-00000000000a' as TenantId;
const B = '00000000-0000-7000-8000-00000000000b' as TenantId;
const ID = '00000000-0000-7000-8000-0000000000ff';
const INSUFFICIENT_PRIVILEGE = '42501';

let db: FreshDatabase;
const roles = new Map<AppRole, Database>();

const as = (role: AppRole): Database => {
  const known = roles.get(role) ?? db.as(role);
  roles.set(role, known);
  return known;
};

beforeAll(async () => {
  db = await freshDatabase();
  for (const [id, name] of [
    [A, 'a'],
    [B, 'b'],
  ]) {
    await db.owner.query('insert into tenant (id, parent_id, path, name) values ($1, $2, $3, $4)', [
      id,
      ROOT_TENANT,
      [ROOT_TENANT, id],
      name,
    ]);
    await db.owner.query('insert into domain (id, tenant_id, name) values ($1, $1, $2)', [id, `${name}.example`]);
    await db.owner.query('insert into mailbox (tenant_id, id, domain_id, name) values ($1, $1, $1, $2)', [
      id,
      `x@${name}.example`,
    ]);
    await db.owner.query('insert into mailbox_usage (tenant_id, mailbox_id) values ($1, $1)', [id]);
    await db.owner.query("insert into credential (tenant_id, mailbox_id, hash) values ($1, $1, 'h')", [id]);
    await db.owner.query("insert into address (tenant_id, domain_id, kind, local) values ($1, $1, 'address', 'x')", [
      id,
    ]);
    await db.owner.query(
      "insert into address_target (tenant_id, domain_id, local, kind, position, mailbox_id) values ($1, $1, 'x', 'address', 0, $1)",
      [id],
    );
    await db.owner.query(
      `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                            envelope, body_structure, mime_index)
       values ($1, $1, 'accepted', 'smtp', '', '', '', 1, 1, 1, 1, '', '', '')`,
      [id],
    );
    await db.owner.query("insert into message_chunk (tenant_id, message_id, number, octets) values ($1, $1, 0, 'x')", [
      id,
    ]);
    await db.owner.query(
      "insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) values ($1, $1, 0, 'x', 'local', 'held')",
      [id],
    );
    await db.owner.query("insert into event (tenant_id, message_id, kind) values ($1, $1, 'accepted')", [id]);
    await db.owner.query(
      "insert into folder (tenant_id, id, mailbox_id, name, uidvalidity) values ($1, $1, $1, 'INBOX', 1)",
      [id],
    );
    await db.owner.query("insert into subscription (tenant_id, mailbox_id, name) values ($1, $1, 'INBOX')", [id]);
    await db.owner.query(
      "insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace) values ($1, $1, 1, $1, $1, 1, 1, '')",
      [id],
    );
    await db.owner.query(
      'insert into tombstone (tenant_id, folder_id, modseq, uid, message_id) values ($1, $1, 1, 9, $1)',
      [id],
    );
    await db.owner.query(
      'insert into maildrop_lock (tenant_id, mailbox_id, session_id, lease_until) values ($1, $1, $1, now())',
      [id],
    );
  }
});
afterAll(() => db.drop());

/** SQLSTATE of the failure; 'done' when the statement ran. Nothing it did stays. */
async function outcome(database: Database, statement: string, principal?: TenantId): Promise<string> {
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    if (principal !== undefined) await client.query("select set_config('posthouse.principal', $1, true)", [principal]);
    const { rowCount } = await client.query(statement);
    return `done ${rowCount ?? 0}`;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code ?? 'no code';
    throw error;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const EVERYBODY: readonly AppRole[] = [
  'posthouse_ingress',
  'posthouse_worker',
  'posthouse_pop3',
  'posthouse_imap',
  'posthouse_api',
];

/** Nobody may: the statement of a program that was taken over. */
const NOBODY_MAY = [
  'select hash from credential',
  'select * from credential',
  'select credential.* from credential',
  "update credential set hash = 'x' where hash = 'h'",
  'select * from auth_failure',
  'delete from auth_failure',
  'truncate message',
  'drop table message',
  'create table mine (x int)',
  'create table public.mine (x int)',
  'alter table message disable row level security',
  'set role posthouse',
  "copy message to program 'true'",
  'update message set body = null',
  "update message set reverse_path = 'forged@example.org'",
  'update message set recipients = 0',
  'update event set kind = null',
  'delete from event',
  'delete from delivery',
  'update delivery set recipient = null',
  'select pg_read_file($$/etc/passwd$$)',
];

describe.each(EVERYBODY)('%s may never', (role) => {
  // The worker's grant on delivery covers the row, its deletion is still nobody's.
  const statements = NOBODY_MAY.filter(
    (statement) => role !== 'posthouse_worker' || statement !== 'update delivery set recipient = null',
  );
  test.each(statements)('%s', async (statement) => {
    expect(await outcome(as(role), statement)).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

const FORBIDDEN: Readonly<Record<AppRole, readonly string[]>> = {
  posthouse_ingress: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    'select body from message',
    'select reverse_path from message',
    'select octets from message_chunk',
    'select 1 from folder',
    'select 1 from folder_message',
    'select 1 from subscription',
    'select 1 from delivery',
    'select 1 from event',
    'select 1 from maildrop_lock',
    "update domain set state = 'disabled'",
    "update tenant set state = 'suspended'",
    'update mailbox set quota_octets = 0',
    'update mailbox_usage set octets = 0',
    'insert into address (tenant_id, domain_id, kind, local) select tenant_id, id, $$alias$$, $$evil$$ from domain',
    'delete from address',
    "update delivery set state = 'discarded'",
    "select account_standings('{}', '{}')",
    "select * from auth_facts('x', 'a.example', 'k', 'r')",
    'select visible_tenants()',
    "select auth_upgrade(gen_random_uuid(), gen_random_uuid(), 'h', 'x')",
  ],
  posthouse_worker: [
    'select body from message',
    'select envelope from message',
    'select octets from message_chunk',
    'insert into message (tenant_id, id) select tenant_id, id from message',
    "update domain set state = 'disabled'",
    'update mailbox set quota_octets = 0',
    'insert into mailbox (tenant_id, id, domain_id, name) select tenant_id, id, domain_id, name from mailbox',
    'update folder_message set flags = 0',
    'delete from folder_message',
    'delete from folder',
    'select 1 from subscription',
    "select account_standings('{}', '{}')",
    "select * from auth_facts('x', 'a.example', 'k', 'r')",
    "select auth_succeeded('k')",
  ],
  posthouse_pop3: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    "update domain set state = 'disabled'",
    'select 1 from domain',
    'select 1 from tenant',
    'select 1 from address',
    'select 1 from delivery',
    'select 1 from event',
    'select 1 from tombstone',
    'select 1 from subscription',
    'insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace) select tenant_id, folder_id, 2, mailbox_id, message_id, 1, 1, $$$$ from folder_message',
    'update folder_message set flags = 0',
    'insert into folder (tenant_id, id, mailbox_id, name, uidvalidity) select tenant_id, id, mailbox_id, name, 1 from folder',
    'delete from folder',
    'insert into message (tenant_id, id) select tenant_id, id from message',
    'delete from message',
    'update mailbox set quota_octets = null',
    'insert into delivery (tenant_id) select tenant_id from mailbox',
  ],
  posthouse_imap: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    'insert into mailbox (tenant_id, id, domain_id, name) select tenant_id, id, domain_id, name from mailbox',
    'update mailbox set quota_octets = null',
    'delete from mailbox',
    "update domain set state = 'disabled'",
    'select 1 from domain',
    'select 1 from tenant',
    'select 1 from address',
    'select 1 from delivery',
    'insert into delivery (tenant_id) select tenant_id from mailbox',
    'select 1 from maildrop_lock',
    'delete from maildrop_lock',
  ],
  posthouse_api: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    'select body from message',
    'select envelope from message',
    'select body_structure from message',
    'select * from message',
    'select octets from message_chunk',
    'select 1 from message_chunk',
    'insert into message (tenant_id, id) select id, id from tenant',
    'delete from message',
    'insert into delivery (tenant_id) select tenant_id from mailbox',
    'update delivery set mailbox_id = null',
    'insert into event (tenant_id) select tenant_id from mailbox',
    'insert into folder_message (tenant_id) select tenant_id from mailbox',
    'update folder_message set flags = 0',
    'update mailbox_usage set octets = 0',
    "select account_standings('{}', '{}')",
    "select * from auth_facts('x', 'a.example', 'k', 'r')",
    "select auth_upgrade(gen_random_uuid(), gen_random_uuid(), 'h', 'x')",
  ],
};

describe.each(EVERYBODY)('%s is refused', (role) => {
  test.each(FORBIDDEN[role])('%s', async (statement) => {
    expect(await outcome(as(role), statement)).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

const ALLOWED: Readonly<Record<AppRole, readonly string[]>> = {
  posthouse_ingress: [
    'select 1 from domain join address using (tenant_id) join address_target using (tenant_id) join mailbox using (tenant_id) join mailbox_usage using (tenant_id)',
    'select state from message',
    `insert into event (tenant_id, message_id, kind) values ('${A}', '${ID}', 'refused')`,
    `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) values ('${A}', '${ID}', 0, 'x', 'local', 'queued')`,
  ],
  posthouse_worker: [
    'select reverse_path from message',
    'select 1 from delivery for update',
    "update delivery set came_from = state, state = 'queued'",
    'select 1 from folder for update',
    'update mailbox_usage set octets = octets',
  ],
  posthouse_pop3: [
    'select body from message',
    'select octets from message_chunk',
    'delete from folder_message',
    "select * from auth_facts('x', 'a.example', 'k', 'r')",
    "select auth_failed(array['k'], 60)",
    'delete from maildrop_lock',
  ],
  posthouse_imap: [
    'select body from message',
    'update folder_message set flags = 1',
    'delete from folder',
    "select * from auth_facts('x', 'a.example', 'k', 'r')",
    `insert into subscription (tenant_id, mailbox_id, name) values ('${A}', '${A}', 'x')`,
  ],
  posthouse_api: [],
};

describe.each(EVERYBODY.filter((role) => role !== 'posthouse_api'))('%s works across tenants', (role) => {
  test.each(ALLOWED[role])('%s', async (statement) => {
    expect(await outcome(as(role), statement)).toMatch(/^done [1-9]/);
  });
});

/** Every table of a tenant, with columns the api role may read. */
const OWNED: readonly (readonly [string, string])[] = [
  ['domain', 'tenant_id'],
  ['mailbox', 'tenant_id'],
  ['mailbox_usage', 'tenant_id'],
  ['credential', 'tenant_id'],
  ['address', 'tenant_id'],
  ['address_target', 'tenant_id'],
  ['message', 'tenant_id'],
  ['delivery', 'tenant_id'],
  ['event', 'tenant_id'],
  ['folder', 'tenant_id'],
  ['subscription', 'tenant_id'],
  ['folder_message', 'tenant_id'],
  ['tombstone', 'tenant_id'],
  ['maildrop_lock', 'tenant_id'],
  ['tenant', 'id'],
];

describe('row-level security binds the api role', () => {
  test('no table of a tenant is without it, message_chunk included', async () => {
    const { rows } = await db.owner.query<{ relname: string }>(
      `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relrowsecurity`,
    );
    expect(rows).toEqual([]);
    const { rows: tables } = await db.owner.query<{ table_name: string }>(
      `select table_name from information_schema.columns where table_schema = 'public' and column_name = 'tenant_id' order by 1`,
    );
    expect(tables.map(({ table_name }) => table_name)).toEqual(
      [...OWNED.map(([table]) => table).filter((table) => table !== 'tenant'), 'message_chunk'].sort(),
    );
  });

  test.each(OWNED)('%s: the principal sees its own rows and nobody else sees them', async (table, column) => {
    const seen = async (principal: TenantId | undefined): Promise<string> =>
      outcome(as('posthouse_api'), `select 1 from ${table} where ${column} in ('${A}', '${B}')`, principal);
    expect(await seen(A)).toBe('done 1');
    expect(await seen(ROOT_TENANT)).toBe('done 2');
    expect(await seen(DEFAULT_TENANT)).toBe('done 0');
    expect(await seen(undefined)).toBe('done 0');
  });

  test.each([
    `update domain set state = 'disabled' where tenant_id = '${B}'`,
    `update mailbox set quota_octets = 0 where tenant_id = '${B}'`,
    `update credential set hash = 'x' where tenant_id = '${B}'`,
    `update address set created_at = now() where tenant_id = '${B}'`,
    `update address_target set position = 1 where tenant_id = '${B}'`,
    `update delivery set came_from = state, state = 'discarded', settled_at = now() where tenant_id = '${B}'`,
    `update tenant set state = 'suspended' where id = '${B}'`,
    ...[
      'mailbox_usage',
      'credential',
      'folder',
      'subscription',
      'folder_message',
      'tombstone',
      'maildrop_lock',
      'address_target',
      'address',
      'mailbox',
    ].map((table) => `delete from ${table} where tenant_id = '${B}'`),
  ])('A changes nothing of B: %s', async (statement) => {
    expect(await outcome(as('posthouse_api'), statement, A)).toBe('done 0');
    expect(await outcome(as('posthouse_api'), statement.replaceAll(B, A), A)).not.toBe('done 0');
  });

  test.each([
    `insert into domain (id, tenant_id, name) values ('${ID}', '${B}', 'evil.example')`,
    `insert into mailbox (tenant_id, id, domain_id, name) values ('${B}', '${ID}', '${B}', 'evil')`,
    `insert into credential (tenant_id, mailbox_id, hash) values ('${B}', '${ID}', 'x')`,
    `insert into mailbox_usage (tenant_id, mailbox_id) values ('${B}', '${ID}')`,
    `insert into address (tenant_id, domain_id, kind, local) values ('${B}', '${B}', 'alias', 'evil')`,
    `insert into address_target (tenant_id, domain_id, local, kind, position, forward_path) values ('${B}', '${B}', 'x', 'alias', 1, 'e@x')`,
    `insert into folder (tenant_id, id, mailbox_id, name, uidvalidity) values ('${B}', '${ID}', '${B}', 'evil', 1)`,
    `insert into subscription (tenant_id, mailbox_id, name) values ('${B}', '${B}', 'evil')`,
    `insert into tenant (id, parent_id, path, name) values ('${ID}', '${B}', '{}', 'evil')`,
    `insert into tenant (id, parent_id, path, name) values ('${ID}', null, '{}', 'evil')`,
    `update domain set tenant_id = '${B}' where tenant_id = '${A}'`,
    `update mailbox set tenant_id = '${B}' where tenant_id = '${A}'`,
  ])('A cannot put anything into B: %s', async (statement) => {
    expect(await outcome(as('posthouse_api'), statement, A)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  test('a principal cannot lift its own suspension', async () => {
    expect(await outcome(as('posthouse_api'), `update tenant set state = 'active' where id = '${A}'`, A)).toBe(
      INSUFFICIENT_PRIVILEGE,
    );
  });

  test('a tenant is forgotten only by those above it, and only without domains', async () => {
    const forget = (id: TenantId): string => `select forget_tenant('${id}')`;
    expect(await outcome(as('posthouse_api'), forget(B), A)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await outcome(as('posthouse_api'), forget(B), ROOT_TENANT)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await outcome(as('posthouse_api'), forget(DEFAULT_TENANT), undefined)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await outcome(as('posthouse_api'), forget(DEFAULT_TENANT), ROOT_TENANT)).toBe('done 1');
    for (const role of EVERYBODY.slice(0, 4))
      expect(await outcome(as(role), forget(DEFAULT_TENANT)), role).toBe(INSUFFICIENT_PRIVILEGE);
  });

  test('the principal ends with its transaction', async () => {
    const client = await as('posthouse_api').pool.connect();
    try {
      await client.query('begin');
      await client.query("select set_config('posthouse.principal', $1, true)", [ROOT_TENANT]);
      expect((await client.query('select 1 from domain')).rowCount).toBe(2);
      await client.query('commit');
      expect((await client.query('select 1 from domain')).rowCount).toBe(0);
    } finally {
      client.release();
    }
  });
});
