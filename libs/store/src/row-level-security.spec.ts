import { DEFAULT_TENANT, ROOT_TENANT, type TenantId } from '#domain';
import { APP_ROLES, type AppRole } from '#runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { A, B, ID, INSUFFICIENT_PRIVILEGE, outcome, twoTenants, type TwoTenants } from './two-tenants.spec-helper.ts';

const FOREIGN_KEY_VIOLATION = '23503';

let world: TwoTenants;
beforeAll(async () => {
  world = await twoTenants();
});
afterAll(() => world.db.drop());
const as = (role: AppRole): Database => world.as(role);

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
  ['removed_mailbox', 'tenant_id'],
  ['removed_address', 'tenant_id'],
  ['tenant', 'id'],
];

/** Of these it writes at most. */
const UNREAD = new Set(['subscription', 'tombstone', 'maildrop_lock']);

describe('row-level security binds the api role', () => {
  test('no table of a tenant is without it, those included that the api role may not read', async () => {
    const { rows } = await world.db.owner.query<{ relname: string }>(
      `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relrowsecurity`,
    );
    expect(rows).toEqual([]);
    const { rows: tables } = await world.db.owner.query<{ table_name: string }>(
      `select table_name from information_schema.columns where table_schema = 'public' and column_name = 'tenant_id' order by 1`,
    );
    expect(tables.map(({ table_name }) => table_name)).toEqual(
      [...OWNED.map(([table]) => table).filter((table) => table !== 'tenant'), 'known_network', 'message_chunk'].sort(),
    );
  });

  test.each(OWNED.filter(([table]) => !UNREAD.has(table)))(
    '%s: the principal sees its own rows and nobody else sees them',
    async (table, column) => {
      const seen = async (principal: TenantId | undefined): Promise<string> =>
        outcome(as('posthouse_api'), `select 1 from ${table} where ${column} in ('${A}', '${B}')`, principal);
      expect(await seen(A)).toBe('done 1');
      expect(await seen(ROOT_TENANT)).toBe('done 2');
      expect(await seen(DEFAULT_TENANT)).toBe('done 0');
      expect(await seen(undefined)).toBe('done 0');
    },
  );

  test.each([
    `update domain set state = 'disabled' where tenant_id = '${B}'`,
    `update mailbox set quota_octets = 0 where tenant_id = '${B}'`,
    `update credential set hash = 'x' where tenant_id = '${B}'`,
    `update tenant set state = 'suspended' where id = '${B}'`,
    ...['credential', 'address_target', 'address'].map((table) => `delete from ${table} where tenant_id = '${B}'`),
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

  test.each([
    `insert into mailbox (tenant_id, id, domain_id, name) values ('${A}', '${ID}', '${B}', 'x@b.example')`,
    `insert into address (tenant_id, domain_id, kind, local) values ('${A}', '${B}', 'alias', 'evil')`,
    `insert into address_target (tenant_id, domain_id, local, kind, position, forward_path) values ('${A}', '${B}', 'x', 'alias', 1, 'e@x')`,
  ])('nothing of A stands in a domain of B: %s', async (statement) => {
    expect(await outcome(as('posthouse_api'), statement, A)).toBe(FOREIGN_KEY_VIOLATION);
  });

  test('every table with tenant and domain outside the path of a message ties the two together', async () => {
    const { rows } = await world.db.owner.query<{ table: string; tied: boolean }>(
      `select c.relname as table, exists (
                select from pg_constraint k
                 where k.conrelid = c.oid and k.contype = 'f' and k.conkey[1:2] = array[t.attnum, d.attnum]) as tied
         from pg_class c
         join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id'
         join pg_attribute d on d.attrelid = c.oid and d.attname = 'domain_id'
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`,
    );
    expect(rows).toEqual([
      { table: 'address', tied: true },
      { table: 'address_target', tied: true },
      // Written by ingress and worker from what they read; a look-up for each row is not paid there.
      { table: 'delivery', tied: false },
      { table: 'mailbox', tied: true },
    ]);
  });

  test('a principal cannot lift its own suspension', async () => {
    expect(await outcome(as('posthouse_api'), `update tenant set state = 'active' where id = '${A}'`, A)).toBe(
      INSUFFICIENT_PRIVILEGE,
    );
  });

  test('mailboxes, domains and tenants are removed only by those above them', async () => {
    const of = (id: TenantId): string[] => [
      `select remove_mailbox('${id}', '${id}')`,
      `select remove_domain('${id}', '${id}', 1)`,
      `select remove_tenant('${id}')`,
      `select restore_mailbox('${id}', '${id}')`,
    ];
    for (const statement of of(B)) {
      expect(await outcome(as('posthouse_api'), statement, A), statement).toBe(INSUFFICIENT_PRIVILEGE);
      expect(await outcome(as('posthouse_api'), statement, undefined), statement).toBe(INSUFFICIENT_PRIVILEGE);
      for (const role of APP_ROLES.slice(0, 4))
        expect(await outcome(as(role), statement), role).toBe(INSUFFICIENT_PRIVILEGE);
    }
    // Not with domains.
    expect(await outcome(as('posthouse_api'), `select remove_tenant('${B}')`, ROOT_TENANT)).toBe(
      INSUFFICIENT_PRIVILEGE,
    );
    expect(await outcome(as('posthouse_api'), `select remove_mailbox('${B}', '${ID}')`, ROOT_TENANT)).toBe('done 1');
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
