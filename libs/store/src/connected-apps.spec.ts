import { roleUrl } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectedApps } from './connected-apps.ts';
import { Database } from './database.ts';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

test('apps are told from commands, which use the role of one as well', async () => {
  const open = async (role: 'posthouse_api' | 'posthouse_worker', name: string): Promise<Database> => {
    const database = new Database({ url: roleUrl(db.ownerUrl, role), name, poolSize: 1 });
    await database.ping();
    return database;
  };
  const command = await open('posthouse_api', 'posthouse cli');
  expect(await connectedApps(db.ownerUrl)).toEqual([]);
  const app = await open('posthouse_worker', 'posthouse_worker');
  expect(await connectedApps(db.ownerUrl)).toEqual([{ role: 'posthouse_worker', isHere: true }]);
  await Promise.all([command.close(), app.close()]);
});
