import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Config } from './config.ts';
import { acquireHouse, findDatabase, HouseError, houseHolder, HouseLock, readHouse } from './house-lock.ts';
import { NAMESPACES, Other, TAKE, whyNotIn, type NamespaceName } from './house-lock.spec-helper.ts';
import { processIdentity } from './process-identity.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-'));
afterAll(() => rmSync(root, { recursive: true }));
const newFolder = (): string => join(mkdtempSync(join(root, 'house-')), 'data');
const lockOf = (dataDir: string): string => join(dataDir, 'house.lock');

function hold(dataDir: string): HouseLock {
  const lock = acquireHouse(dataDir);
  if (lock instanceof HouseLock) return lock;
  throw new Error(`held by ${lock.heldBy}`);
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
  const other = new Other(TAKE, [dataDir]);
  expect(await other.says()).toMatchObject({ taken: true });
  expect(acquireHouse(dataDir)).toEqual({ heldBy: other.child.pid, purpose: 'house' });
  expect(houseHolder(dataDir)).toEqual({ heldBy: other.child.pid, purpose: 'house' });
  await other.end('SIGKILL');
  expect(houseHolder(dataDir)).toBeUndefined();
  expect(acquireHouse(dataDir)).toBeInstanceOf(HouseLock);
  expect(readdirSync(dataDir).sort()).toEqual(['house.guard', 'house.lock']);
});

test.for([
  ['a pid alone', JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) })],
  ['an empty file', ''],
  ['garbage', '\0\0{{'],
  ['another shape', '{"__proto__":{"pid":1}}'],
])('a lock with %s holds nobody off', ([, content]) => {
  const dataDir = newFolder();
  hold(dataDir).release();
  writeFileSync(lockOf(dataDir), content ?? '');
  expect(houseHolder(dataDir)).toBeUndefined();
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

test('a folder in the place of the lock holds nobody off', () => {
  const dataDir = newFolder();
  mkdirSync(lockOf(dataDir), { recursive: true });
  hold(dataDir).release();
  expect(readdirSync(dataDir)).toEqual(['house.guard']);
});

test('of many processes that find the same dead lock one gets the house', async () => {
  const dataDir = newFolder();
  const dead = new Other(TAKE, [dataDir]);
  await dead.says();
  await dead.end('SIGKILL');
  const others = Array.from({ length: 5 }, () => new Other(TAKE, [dataDir]));
  const said = await Promise.all(others.map((other) => other.says()));
  const [winner, ...more] = others.filter((_, at) => JSON.stringify(said[at]).includes('"taken":true'));
  expect([winner === undefined, more]).toEqual([false, []]);
  expect(
    said.filter((one) => JSON.stringify(one) === JSON.stringify({ heldBy: winner?.child.pid, purpose: 'house' })),
  ).toHaveLength(4);
  await Promise.all(others.map((other) => other.end()));
  expect(readdirSync(dataDir)).toEqual(['house.guard']);
});

/** Prints why where this machine does not allow it. */
function needs(skip: (why: string) => void, ...names: NamespaceName[]): void {
  const why = names.map(whyNotIn).find((one) => one !== undefined);
  if (why === undefined) return;
  console.log(`SKIPPED: ${why}`);
  skip(why);
}

const others = (Object.keys(NAMESPACES) as NamespaceName[]).filter((name) => name !== 'none');

test.for(others)(
  'a second house in namespaces of its own is refused, and its end disturbs nothing: %s',
  async (name, { skip }) => {
    needs(skip, name);
    const dataDir = newFolder();
    const first = hold(dataDir);
    first.record({ databaseUrl: 'postgres://o:p@127.0.0.1:1/posthouse' });
    const before = readdirSync(dataDir).map((file) => [file, statSync(join(dataDir, file)).ino]);
    const seconds = ['house', 'command'].map((purpose) => new Other(TAKE, [dataDir, purpose], name));
    for (const second of seconds) expect(await second.says()).toMatchObject({ heldBy: process.pid, purpose: 'house' });
    await Promise.all(seconds.map((second) => second.end()));
    expect(readdirSync(dataDir).map((file) => [file, statSync(join(dataDir, file)).ino])).toEqual(before);
    expect([first.isOurs(), readHouse(dataDir)?.running]).toEqual([true, true]);
    first.release();
  },
);

test.for(others)(
  'a first house in namespaces of its own is seen, and free when it was killed: %s',
  async (name, { skip }) => {
    needs(skip, name);
    const dataDir = newFolder();
    const first = new Other(TAKE, [dataDir, 'command'], name);
    const { pid } = (await first.says()) as { pid: number };
    expect(acquireHouse(dataDir)).toMatchObject({ heldBy: pid, purpose: 'command' });
    expect(houseHolder(dataDir)).toMatchObject({ heldBy: pid, purpose: 'command' });
    // Its number may be another process's here: nobody is to signal that.
    expect((houseHolder(dataDir)?.elsewhere?.kind ?? 'here') === 'namespace').toBe(
      name !== 'mount, network, host name',
    );
    await first.end('SIGKILL');
    await expect.poll(() => houseHolder(dataDir)).toBeUndefined();
    hold(dataDir).release();
  },
);

test('of starts in many namespaces that find the same dead lock one gets the house', async ({ skip }) => {
  needs(skip, 'pid', 'pid with its own /proc', 'all of them');
  const dataDir = newFolder();
  const dead = new Other(TAKE, [dataDir], 'pid with its own /proc');
  await dead.says();
  await dead.end('SIGKILL');
  const starts = others.map((name) => new Other(TAKE, [dataDir], name));
  const said = await Promise.all(starts.map((start) => start.says()));
  expect(said.filter((one) => JSON.stringify(one).includes('"taken":true'))).toHaveLength(1);
  await Promise.all(starts.map((start) => start.end()));
});

test('a deep folder is held like any other', async () => {
  const dataDir = join(newFolder(), ...Array.from({ length: 8 }, (_, at) => `${at}`.repeat(40)));
  const lock = hold(dataDir);
  const other = new Other(TAKE, [dataDir]);
  expect(await other.says()).toEqual({ heldBy: process.pid, purpose: 'house' });
  await other.end();
  lock.release();
});

test('a house that is looked at by many can be taken all the while', async () => {
  const dataDir = newFolder();
  const dead = new Other(TAKE, [dataDir]);
  await dead.says();
  await dead.end('SIGKILL');
  const module = JSON.stringify(new URL('./kernel-lock.ts', import.meta.url).href);
  const glance = `const { isKernelLocked } = await import(${module}); console.log('1');
    setInterval(() => isKernelLocked(process.argv[1]));`;
  const lookers = Array.from({ length: 2 }, () => new Other(glance, [join(dataDir, 'house.guard')]));
  for (const looker of lookers) await looker.says();
  for (let times = 0; times < 50; times++) hold(dataDir).release();
  await Promise.all(lookers.map((looker) => looker.end('SIGKILL')));
});

test('a lock that names nobody is no obstacle to one that is named', () => {
  const dataDir = newFolder();
  const lock = hold(dataDir);
  expect(JSON.parse(readFileSync(lockOf(dataDir), 'utf8'))).toMatchObject({
    pid: process.pid,
    purpose: 'house',
    beat: '000000000000',
  });
  lock.release();
});
