/** PgListener against a real server; it lives in #runtime, which has none. */
import { PgListener } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const NAME = 'silent listener';
const connections = async (): Promise<number> =>
  (
    await db.owner.query<{ count: number }>('select count(*)::int from pg_stat_activity where application_name = $1', [
      NAME,
    ])
  ).rows[0]?.count ?? 0;

test('a server that connects and refuses LISTEN, as a standby does, is left alone between two tries', async () => {
  const tried = Promise.withResolvers<void>();
  let tries = 0;
  const listener = new PgListener({
    connection: { connectionString: db.ownerUrl, application_name: NAME },
    channel: '1 is no channel',
    heard: () => undefined,
    trouble: () => {
      if (++tries === 4) tried.resolve();
    },
  });
  await tried.promise;
  await listener.close();
  await expect.poll(connections).toBe(0);
});

test('one that listens hears what is told', async () => {
  const told = Promise.withResolvers<string>();
  const listener = new PgListener({
    connection: { connectionString: db.ownerUrl, application_name: 'listener' },
    channel: 'news',
    heard: (payload) => {
      if (payload === undefined) void db.owner.query(`notify news, 'mail'`);
      else told.resolve(payload);
    },
    trouble: told.reject,
  });
  expect(await told.promise).toBe('mail');
  await listener.close();
});
