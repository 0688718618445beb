import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Config } from './config.ts';
import { acquireHouse, findDatabase, HouseError, houseHolder, HouseLock, readHouse } from './house-lock.ts';
import { processIdentity } from './process-identity.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-'));
afterAll(() => rmSync(root, { recursive: true }));
const newFolder = (): string => join(mkdtempSync(join(root, 'house-')), 'data');

function hold(dataDir: string): HouseLock {
  const lock = acquireHouse(dataDir);
  if (lock instanceof HouseLock) return lock;
  throw new Error(`held by ${lock.heldBy}`);
}

async function sleeper() {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  return { pid: child.pid ?? 0, end: async () => void (child.kill('SIGKILL'), await once(child, 'exit')) };
}

test('a house is held once, and again after it was given up', () => {
  const dataDir = newFolder();
  const first = hold(dataDir);
  expect(acquireHouse(dataDir)).toEqual({ heldBy: process.pid, purpose: 'house' });
  first.release();
  expect(acquireHouse(dataDir)).toBeInstanceOf(HouseLock);
});

test('the lock of a living process is respected, that of a killed one taken over', async () => {
  const dataDir = newFolder();
  hold(dataDir).release();
  const other = await sleeper();
  writeFileSync(join(dataDir, 'house.lock'), JSON.stringify({ pid: other.pid, identity: processIdentity(other.pid) }));
  expect(acquireHouse(dataDir)).toEqual({ heldBy: other.pid, purpose: 'house' });
  await other.end();
  expect(acquireHouse(dataDir)).toBeInstanceOf(HouseLock);
  expect(readdirSync(dataDir)).toEqual(['house.lock']);
});

test.for([
  ['a recycled pid', JSON.stringify({ pid: process.pid, identity: 'another-boot:1' })],
  ['an empty file', ''],
  ['garbage', '\0\0{{'],
  ['another shape', '{"__proto__":{"pid":1}}'],
])('a lock with %s holds nobody off', ([, content]) => {
  const dataDir = newFolder();
  hold(dataDir).release();
  writeFileSync(join(dataDir, 'house.lock'), content ?? '');
  expect(acquireHouse(dataDir)).toBeInstanceOf(HouseLock);
});

test('house.json is for the owner’s eyes, says who runs, and stays after the house is given up', () => {
  const dataDir = newFolder();
  const lock = hold(dataDir);
  lock.record({ databaseUrl: 'postgres://o:p@127.0.0.1:1/posthouse' });
  lock.record({ listeners: { smtp: 2525 } });
  expect(statSync(join(dataDir, 'house.json')).mode & 0o777).toBe(0o600);
  expect(readHouse(dataDir)).toMatchObject({ running: true, record: { pid: process.pid, listeners: { smtp: 2525 } } });
  lock.release();
  expect(readHouse(dataDir)).toMatchObject({
    running: false,
    record: { databaseUrl: 'postgres://o:p@127.0.0.1:1/posthouse' },
  });
});

test('the database is that of the setting, else of the running house, else unknown', () => {
  const dataDir = newFolder();
  const config = Config.fromEnv({ POSTHOUSE_DATA_DIR: dataDir });
  expect(findDatabase(config)).toBeUndefined();
  const lock = hold(dataDir);
  lock.record({ databaseUrl: 'postgres://o:p@127.0.0.1:1/posthouse' });
  expect(findDatabase(config)).toBe('postgres://o:p@127.0.0.1:1/posthouse');
  expect(findDatabase(config.withDatabaseUrl('postgres://x:y@h/d'))).toBe('postgres://x:y@h/d');
  lock.release();
  expect(findDatabase(config)).toBeUndefined();
});

test('a command that holds the house for its own database is no running house', () => {
  const dataDir = newFolder();
  const config = Config.fromEnv({ POSTHOUSE_DATA_DIR: dataDir });
  expect(houseHolder(dataDir)).toBeUndefined();
  const lock = acquireHouse(dataDir, 'command');
  if (!(lock instanceof HouseLock)) throw new Error('held');
  lock.record({ databaseUrl: 'postgres://o:p@127.0.0.1:1/posthouse' });
  expect(readHouse(dataDir)).toMatchObject({ running: false });
  expect(findDatabase(config)).toBeUndefined();
  expect(houseHolder(dataDir)).toEqual({ heldBy: process.pid, purpose: 'command' });
  expect(acquireHouse(dataDir)).toEqual({ heldBy: process.pid, purpose: 'command' });
  lock.release();
  expect(houseHolder(dataDir)).toBeUndefined();
});

test('a damaged house.json is an error with a remedy', () => {
  const dataDir = newFolder();
  hold(dataDir);
  writeFileSync(join(dataDir, 'house.json'), '{"pid": 1');
  expect(() => readHouse(dataDir)).toThrow(/house\.json \(not valid\): remove it/);
});

test('a data folder that cannot be made names the setting', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  expect(() => acquireHouse(join(file, 'data'))).toThrow(HouseError);
  expect(() => acquireHouse(join(file, 'data'))).toThrow(/POSTHOUSE_DATA_DIR/);
});

test.for([
  ['/dev/null', /^the data folder \/dev\/null is no folder: set POSTHOUSE_DATA_DIR to one$/],
  [
    '/proc/foo/data',
    /^cannot make the data folder \/proc\/foo\/data \(E[A-Z]+\): make it yourself, or set POSTHOUSE_DATA_DIR$/,
  ],
  [
    '/proc/self',
    /^cannot write to the data folder \/proc\/\d+: E[A-Z]+.*; check its owner, or set POSTHOUSE_DATA_DIR$/,
  ],
] as const)('the data folder %s is refused in one line', ([dataDir, words], { skip }) => {
  if (process.platform !== 'linux') skip('these paths are those of Linux');
  // In a process of its own: a loop without end could not be told from outside by itself.
  const module = new URL('./house-lock.ts', import.meta.url).href;
  const script = `const { acquireHouse } = await import(${JSON.stringify(module)});
    try { acquireHouse(process.argv[1]); } catch (error) { process.stdout.write(error.name + ': ' + error.message); }`;
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(signal).toBeNull();
  expect(stdout).toMatch(/^HouseError: /);
  expect(stdout.replace('HouseError: ', '')).toMatch(words);
});

test('a start that was killed while it took over a dead lock is no hindrance, however often', () => {
  const dataDir = newFolder();
  hold(dataDir).release();
  const dead = JSON.stringify({ pid: process.pid, identity: 'another-boot:1', purpose: 'house' });
  for (const name of ['house.lock', 'house.lock.heir', 'house.lock.heir.heir'])
    writeFileSync(join(dataDir, name), dead);
  hold(dataDir).release();
  expect(readdirSync(dataDir).filter((name) => name.startsWith('house.lock'))).toEqual([]);
});

test.for([1, 2, 3, 4, 5])('of many processes that find the same dead lock one gets the house (%i)', async () => {
  const dataDir = newFolder();
  hold(dataDir).release();
  writeFileSync(join(dataDir, 'house.lock'), JSON.stringify({ pid: process.pid, identity: 'another-boot:1' }));
  const module = new URL('./house-lock.ts', import.meta.url).href;
  const script = `const { acquireHouse } = await import(${JSON.stringify(module)});
    const held = acquireHouse(process.argv[1]);
    process.stdout.write('heldBy' in held ? 'no' : 'yes');
    process.stdin.resume();`;
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, dataDir]),
  );
  const said = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])));
  for (const child of children) child.stdin.end();
  await Promise.all(children.map((child) => once(child, 'exit')));
  expect(said.sort()).toEqual(['no', 'no', 'no', 'no', 'no', 'yes']);
  expect(existsSync(join(dataDir, 'house.lock')) && readFileSync(join(dataDir, 'house.lock'), 'utf8')).toMatch(/"pid"/);
});
