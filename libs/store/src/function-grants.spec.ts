/** What stands beside the tables of `grants.spec.ts`: functions, which may run with the owner's rights, and BullMQ's schema. */
import { APP_ROLES, type AppRole } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const LOGIN: readonly AppRole[] = ['posthouse_imap', 'posthouse_pop3'];
const WORKER: readonly AppRole[] = ['posthouse_worker'];
const API: readonly AppRole[] = ['posthouse_api'];

/** Every function of the schema, and who may call it. A migration that makes one brings its line. */
const CALLERS: Readonly<Record<string, readonly AppRole[]>> = {
  account_standings: LOGIN,
  auth_facts: LOGIN,
  auth_failed: LOGIN,
  auth_network_seen: LOGIN,
  auth_succeeded: LOGIN,
  auth_upgrade: LOGIN,
  deliver_across: [],
  discard_deliveries: API,
  empty_domain: [],
  expand_delivery: WORKER,
  find_by_address: API,
  lies_nowhere: [],
  login_failures: API,
  login_failures_of: API,
  login_keys: [],
  mark_removed: [],
  overtaken_messages: ['posthouse_ingress'],
  purge_mailbox: [],
  purge_tenant: [],
  release_deliveries: API,
  remove_domain: API,
  remove_mailbox: API,
  remove_tenant: API,
  require_visible: [],
  restore_mailbox: API,
  sees: API,
  sweep_aged: WORKER,
  sweep_failures: WORKER,
  sweep_messages: WORKER,
  sweep_pending: WORKER,
  sweep_removed: WORKER,
  unlock_login: API,
};

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

async function column(text: string, values: unknown[] = []): Promise<string[]> {
  return (await db.owner.query<{ value: string }>(text, values)).rows.map(({ value }) => value);
}

const OURS = `from pg_proc p where p.pronamespace = 'public'::regnamespace`;

describe('functions', () => {
  test('there are these and no others, each under one name', async () => {
    expect(await column(`select p.proname as value ${OURS} order by 1`)).toEqual(Object.keys(CALLERS));
  });

  test.each(APP_ROLES)('%s may call its own and no others', async (role) => {
    const callable = await column(
      `select p.proname as value ${OURS} and has_function_privilege($1, p.oid, 'execute') order by 1`,
      [role],
    );
    expect(callable).toEqual(
      Object.entries(CALLERS)
        .filter(([, callers]) => callers.includes(role))
        .map(([name]) => name),
    );
  });

  test('none is open to a role that anybody makes later', async () => {
    const open = `exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)`;
    expect(await column(`select p.proname as value ${OURS} and ${open}`)).toEqual([]);
  });

  test("those with the owner's rights look nothing up where their caller says", async () => {
    const pinned = `coalesce(p.proconfig @> array['search_path=public, pg_temp'], false)`;
    expect(await column(`select p.proname as value ${OURS} and p.prosecdef and not ${pinned}`)).toEqual([]);
    expect((await column(`select p.proname as value ${OURS} and p.prosecdef`)).length).toBeGreaterThan(9);
  });
});

describe("BullMQ's schema is for those who ring and those who answer", () => {
  const TABLES = `from pg_class c where c.relnamespace = 'bullmq'::regnamespace and c.relkind in ('r', 'p', 'v')`;

  test.each(['posthouse_pop3', 'posthouse_imap', 'posthouse_api'] as const)('%s comes not in', async (role) => {
    const tables = await column(`select c.relname as value ${TABLES} order by 1`);
    expect(tables.length).toBeGreaterThan(1);
    const client = db.as(role).pool;
    for (const table of tables) {
      for (const statement of [`select from bullmq."${table}"`, `delete from bullmq."${table}"`]) {
        await expect(client.query(statement), statement).rejects.toMatchObject({ code: '42501' });
      }
    }
    await expect(client.query(`select bullmq.next_job_id('lanes')`)).rejects.toMatchObject({ code: '42501' });
  });

  test.each(['posthouse_ingress', 'posthouse_worker'] as const)(
    '%s reads and writes, and makes nothing',
    async (role) => {
      const mayNot = `not has_table_privilege($1, c.oid, 'select') or not has_table_privilege($1, c.oid, 'insert')`;
      expect(await column(`select c.relname as value ${TABLES} and (${mayNot})`, [role])).toEqual([]);
      await expect(db.as(role).pool.query('create table bullmq.mine (x int)')).rejects.toMatchObject({ code: '42501' });
    },
  );

  test("none of its functions runs with the owner's rights", async () => {
    expect(
      await column(
        `select p.proname as value from pg_proc p where p.pronamespace = 'bullmq'::regnamespace and p.prosecdef`,
      ),
    ).toEqual([]);
  });
});
