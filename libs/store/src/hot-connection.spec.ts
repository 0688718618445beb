import { freshDatabase, testServerUrl, type FreshDatabase } from '#testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { HotConnection, type HotStatement } from './hot-connection.ts';

let db: FreshDatabase;
let database: Database;
beforeAll(async () => {
  db = await freshDatabase();
  database = db.as('posthouse_worker');
});
afterAll(() => db.drop());

const WHO: HotStatement = { name: 'who', text: 'select pg_backend_pid() as pid, $1::int as n' };
const FAIL: HotStatement = { name: 'fail', text: 'select 1 / $1::int as never' };
const NAP: HotStatement = { name: 'nap', text: 'select pg_sleep($1)' };

test('statements share one connection, answers come in order', async () => {
  const hot = database.hot();
  const rows = await Promise.all(Array.from({ length: 50 }, (_, n) => hot.query<{ pid: number; n: number }>(WHO, [n])));
  expect(rows.map(([row]) => row?.n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect(new Set(rows.map(([row]) => row?.pid)).size).toBe(1);
});

test('one that fails fails alone', async () => {
  const hot = database.hot();
  const answers = await Promise.allSettled([
    hot.query(WHO, [1]),
    hot.query(FAIL, [0]),
    hot.query(WHO, [2]),
    hot.query(FAIL, [1]),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});

test('a lost connection rejects what was under way and the next call has a new one', async () => {
  const hot = database.hot();
  const [before] = await hot.query<{ pid: number }>(WHO, [1]);
  const underWay = [hot.query(NAP, [60]), hot.query(WHO, [2])].map((answer) =>
    answer.then(
      () => 'answered',
      () => 'rejected',
    ),
  );
  await db.owner.query('select pg_terminate_backend($1)', [before?.pid]);
  expect(await Promise.all(underWay)).toEqual(['rejected', 'rejected']);
  const [after] = await hot.query<{ pid: number }>(WHO, [3]);
  expect(after?.pid).not.toBe(before?.pid);
});

test('a server that does not answer is given up, and the next call has a new connection', async () => {
  const hot = new HotConnection({ connectionString: db.ownerUrl, query_timeout: 300 });
  const underWay = [hot.query(NAP, [60]), hot.query(WHO, [1])];
  expect((await Promise.allSettled(underWay)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect
    .poll(() => hot.query<{ n: number }>(WHO, [2]).catch(() => undefined))
    .toEqual([{ pid: expect.any(Number), n: 2 }]);
  await hot.close();
  await db.owner.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep($1)%' and pid <> pg_backend_pid()`,
  );
});

describe('no database', () => {
  test('every call rejects, and connects again when it is back', async () => {
    const hot = database.hot();
    const name = new URL(db.ownerUrl).pathname.slice(1);
    const server = new pg.Pool({ connectionString: testServerUrl(), max: 1 }); // not from inside the database itself
    await server.query(`alter database ${name} with allow_connections false`);
    await expect(hot.query(WHO, [1])).rejects.toThrow('not currently accepting connections');
    await expect(hot.query(WHO, [1])).rejects.toThrow('not currently accepting connections');
    await server.query(`alter database ${name} with allow_connections true`);
    await server.end();
    expect(await hot.query(WHO, [1])).toHaveLength(1);
  });

  test('closed is closed', async () => {
    const hot = database.hot();
    await hot.query(WHO, [1]);
    await hot.close();
    await expect(hot.query(WHO, [1])).rejects.toThrow('is closed');
  });
});
