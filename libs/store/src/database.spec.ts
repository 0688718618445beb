import { freshDatabase, type FreshDatabase } from '#testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from './database.ts';

let db: FreshDatabase;
let database: Database;
beforeAll(async () => {
  db = await freshDatabase();
  database = new Database({ url: db.ownerUrl, name: 'silent', poolSize: 1, answerTimeout: 300 });
});
afterAll(async () => {
  await database.close();
  await db.drop();
});

const NAP = 'select pg_sleep(60)';
const LOST = /^(Query read timeout|Connection terminated unexpectedly)$/;

test.for<[string, () => Promise<unknown>]>([
  ['a statement', () => database.pool.query(NAP)],
  ['a transaction', () => database.transaction((client) => client.query(NAP))],
  [
    'a pipelined transaction',
    () =>
      database.pipelinedTransaction(async (client) => {
        await Promise.all([client.query('begin'), client.query(NAP)]);
      }),
  ],
  ['a statement of Kysely', () => sql.raw(NAP).execute(database.kysely)],
  ['a transaction of Kysely', () => database.kysely.transaction().execute((act) => sql.raw(NAP).execute(act))],
])('%s that a silent server never answers is given up, with its connection', async ([, ask]) => {
  await expect(ask()).rejects.toThrow(LOST);
  // The loss is noticed with the connection's last event: who is quick may meet it once more.
  await expect
    .poll(() =>
      database.transaction((client) => client.query('select 1 as one').then(({ rows }) => rows)).catch(() => []),
    )
    .toEqual([{ one: 1 }]);
});

test.for<[string, (of: Database) => Promise<unknown>]>([
  ['nothing', () => Promise.resolve()],
  ['a statement', (of) => of.pool.query('select 1')],
  ['a transaction', (of) => of.transaction((client) => client.query('select 1'))],
  ['a pipelined transaction', (of) => of.pipelinedTransaction((client) => client.query('select 1'))],
  ['a statement of Kysely', (of) => sql.raw('select 1').execute(of.kysely)],
])('closed after %s, it holds no connection that would keep its process', async ([, use]) => {
  const closing = new Database({ url: db.ownerUrl, name: 'closing', poolSize: 2 });
  await use(closing);
  await closing.close();
  expect([closing.pool.ended, closing.pool.totalCount]).toEqual([true, 0]);
  const open = `select count(*)::int as count from pg_stat_activity where application_name = 'closing'`;
  await expect.poll(async () => (await db.owner.query(open)).rows).toEqual([{ count: 0 }]);
});
