import { Config, House, silentLog } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBellQueue, openBellWorker } from './bell-backend.ts';
import { migrateBells } from './migrate-bells.ts';

let db: FreshDatabase;
let house: House;
beforeAll(async () => {
  db = await freshDatabase();
  house = new House(Config.fromEnv({ POSTHOUSE_HOSTNAME: 'mx.test' }), db.ownerUrl, silentLog());
});
afterAll(() => db.drop());

test('a worker and a bell that come before their tables keep the process alive, and work once the tables are there', async () => {
  await db.owner.query('drop schema bullmq cascade');
  const heard = Promise.withResolvers<string>();
  const answer = ({ data }: { data: { lane: string } }): Promise<number> => {
    heard.resolve(data.lane);
    return Promise.resolve(0);
  };
  const worker = await openBellWorker(house, 'posthouse_worker', answer, { local: 1, expand: 1, remote: 1 });
  const bell = await openBellQueue(house, 'posthouse_ingress');
  await expect(bell.ring('local/0', { lane: 'local', slot: 0 })).rejects.toThrow();
  // A worker that spins never lets the event loop come to this.
  await new Promise((resolve) => setImmediate(resolve));
  await migrateBells(db.ownerUrl);
  await bell.ring('local/0', { lane: 'local', slot: 0 });
  expect(await heard.promise).toBe('local');
  await Promise.all([worker.close(), bell.close()]);
});

test('a worker whose database never comes can be closed', async () => {
  const away = new House(house.config, 'postgres://owner:secret@127.0.0.1:1/none', silentLog());
  const worker = await openBellWorker(away, 'posthouse_worker', () => Promise.resolve(0), {
    local: 1,
    expand: 1,
    remote: 1,
  });
  await new Promise((resolve) => setImmediate(resolve));
  await expect(worker.close()).resolves.toBeUndefined();
});
