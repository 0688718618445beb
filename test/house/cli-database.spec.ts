/** Apps by URL, an old data folder beside them, and shells that know less or something else. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliHouse, type Outcome, type Running } from './cli-house.ts';

let house: CliHouse;
let db: FreshDatabase;
let other: FreshDatabase;
let app: Running;
let file: string;

beforeAll(async () => {
  [house, db, other] = await Promise.all([CliHouse.make(), freshDatabase(), freshDatabase()]);
  await house.posthouse('migrate');
  file = join(house.folder, 'posthouse.env');
  await writeFile(file, `POSTHOUSE_DATABASE_URL=${db.ownerUrl}\n`);
  app = house.spawn('start.js', ['worker', '--config', file]);
  await app.says('"serving"');
}, 180_000);
afterAll(async () => {
  await house.close();
  await Promise.all([db.drop(), other.drop()]);
});

const add = (args: readonly string[], settings = {}): Promise<Outcome> =>
  house.run(['domain', 'add', ...args], '', settings);
const domains = async ({ owner }: FreshDatabase): Promise<string[]> =>
  (await owner.query<{ name: string }>('select name from domain order by 1')).rows.map(({ name }) => name);

test('a command that would start the old database of the folder is refused, and so is the house itself', async () => {
  for (const args of [['domain', 'add', 'stale.test'], ['mailbox', 'list'], ['up'], ['database'], ['migrate']]) {
    const { code, err } = await house.run(args);
    expect([code, err], args.join(' ')).toEqual([5, expect.stringContaining('is not the one in use')]);
    expect(err).toContain('posthouse.env');
    expect(err).not.toContain(new URL(db.ownerUrl).password);
  }
});

test('a command on another database than the apps is refused; on the same it works, whatever its URL says', async () => {
  const refused = await add(['wrong.test'], { POSTHOUSE_DATABASE_URL: other.ownerUrl });
  expect([refused.code, refused.err]).toEqual([5, expect.stringContaining('worker runs as process')]);
  expect(await domains(other)).toEqual([]);
  expect(await add(['by-file.test', '--config', file])).toMatchObject({ code: 0 });
  const elsewhere = new URL(db.ownerUrl);
  elsewhere.hostname = elsewhere.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
  expect(await add(['by-name.test'], { POSTHOUSE_DATABASE_URL: elsewhere.href })).toMatchObject({ code: 0 });
  expect(await domains(db)).toEqual(['by-file.test', 'by-name.test']);
});

test('status by URL shows the apps that serve, idle or not, and ends with 5 where none does', async () => {
  const { code, out } = await house.run(['status', '--config', file]);
  expect({ code, connected: /^connected +.*$/m.exec(out)?.[0] }).toEqual({ code: 0, connected: 'connected  worker' });
  await db.owner.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'posthouse_worker'`);
  expect((await house.run(['status', '--config', file])).out).toContain('connected  worker');
  const nobody = { POSTHOUSE_DATA_DIR: join(house.folder, 'nobody'), POSTHOUSE_DATABASE_URL: other.ownerUrl };
  const [json] = (await house.run(['status', '--json'], '', nobody)).out.split('\n');
  expect(JSON.parse(json ?? '')).toMatchObject({ running: false, connectedApps: [], domains: 0 });
  expect(await house.run(['status'], '', nobody)).toMatchObject({
    code: 5,
    out: expect.stringMatching(/^connected +no app$/m),
  });
});

test("the doctor sees that the bell of its settings is nobody's", async () => {
  const port = await freePort();
  const { out } = await house.run(['doctor', '--config', file], '', {
    POSTHOUSE_REDIS_URL: `redis://127.0.0.1:${port}`,
  });
  expect(out).toContain('fail  doorbell: worker rings through PostgreSQL');
});

test('a folder that nobody named is left alone while another house serves on its ports', async () => {
  const smtp = await freePort();
  const settings = { POSTHOUSE_DATA_DIR: '', POSTHOUSE_SMTP_PORT: String(smtp) };
  const serving = house.spawn('start.js', ['smtp', '--config', file], {
    POSTHOUSE_DATA_DIR: join(house.folder, 'of-the-apps'),
    POSTHOUSE_SMTP_PORT: String(smtp),
  });
  await serving.says('"serving"');
  await rm(join(house.dataDir, 'apps'), { recursive: true });
  const { code, err } = await add(['strange.test'], settings);
  expect([code, err]).toEqual([5, expect.stringContaining(`a Posthouse serves on port ${smtp}`)]);
  await serving.stop();
});

test('when the apps have stopped, the folder still knows, until it is told otherwise', async () => {
  await app.stop();
  app = house.spawn('start.js', ['worker', '--config', file]);
  await app.says('"serving"');
  await app.stop();
  expect(await add(['still.test'])).toMatchObject({ code: 5 });
  expect(await add(['moved.test'], { POSTHOUSE_DATABASE_URL: other.ownerUrl })).toMatchObject({ code: 0 });
  await rm(join(house.dataDir, 'apps'), { recursive: true });
  expect(await add(['back.test'])).toMatchObject({ code: 0 });
});
