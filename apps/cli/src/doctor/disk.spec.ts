import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireHouse, Config, HouseLock } from '#runtime';
import { afterAll, expect, test } from 'vitest';
import { disk } from './disk.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'posthouse-disk-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const dataDir = join(root, 'data');
const systemFolder = join(root, 'system');
const measured = async (more: Record<string, string> = {}): Promise<string> =>
  (await disk(Config.fromEnv({ POSTHOUSE_DATA_DIR: dataDir, ...more }), { systemFolder })).what;

test('before the first start the disk is that of the folder above', async () => {
  expect(await measured()).toMatch(new RegExp(`free in ${root}$`));
});

test('it is the cluster’s disk that counts, wherever the cluster lies', async () => {
  const cluster = join(systemFolder, '0123456789abcdef', 'postgres');
  mkdirSync(cluster, { recursive: true });
  writeFileSync(join(cluster, 'PG_VERSION'), '18\n');
  const lock = acquireHouse(dataDir);
  if (!(lock instanceof HouseLock)) throw new Error('held');
  lock.record({ postgres: { port: 1, cluster } });
  lock.release();
  expect(await measured()).toMatch(new RegExp(`free in ${cluster}$`));
});

test('with a database by URL it is only the data folder’s', async () => {
  const what = await measured({ POSTHOUSE_DATABASE_URL: 'postgres://o:p@h/d' });
  expect(what).toMatch(new RegExp(`free in ${dataDir} \\(the database is elsewhere\\)$`));
});

const GIB = 1024 ** 3;
test.each([
  [3 * GIB, 'ok', '3.0 GiB', undefined],
  [GIB - 1024 ** 2, 'warn', '1023.0 MiB', 'make room soon'],
  [GIB / 4, 'warn', '256.0 MiB', 'make room soon'],
  [
    GIB / 4 - 1024 ** 2,
    'fail',
    '255.0 MiB',
    'make room: with a full disk mail is answered 451 and waits at its senders',
  ],
  [0, 'fail', '0 B', 'make room: with a full disk mail is answered 451 and waits at its senders'],
] as const)('%d octets free: %s', async (free, verdict, shown, remedy) => {
  const config = Config.fromEnv({ POSTHOUSE_DATA_DIR: join(root, 'none') });
  expect(await disk(config, { measure: async () => free, systemFolder })).toEqual({
    verdict,
    what: `disk: ${shown} free in ${root}`,
    remedy,
  });
});

test('a disk that cannot be measured is a failure with its reason', async () => {
  const measure = (): Promise<never> => Promise.reject(new Error('EIO: i/o error, statfs'));
  expect(await disk(Config.fromEnv({ POSTHOUSE_DATA_DIR: root }), { measure, systemFolder })).toEqual({
    verdict: 'fail',
    what: 'disk: EIO: i/o error, statfs',
    remedy: 'set POSTHOUSE_DATA_DIR to a folder that exists',
  });
});
