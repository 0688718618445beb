import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { acquireHouse, HouseLock, readHouse } from '../house-lock.ts';
import { createLog, silentLog } from '../log.ts';
import { processesIn, processIdentity } from '../process-identity.ts';
import { unprivilegedAccount } from './account.ts';
import { findBinaries, packagedFolder } from './binaries.ts';
import { until } from './leftovers.ts';
import { command } from './postmaster.ts';
import { findSurvivor } from './server-process.ts';
import { startEmbedded, type EmbeddedDatabase, type EmbeddedOptions } from './start-embedded.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-embedded-'));
chmodSync(root, 0o755);
const running = new Set<EmbeddedDatabase>();
afterEach(async () => {
  for (const database of running) await database.stop();
  running.clear();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function hold(dataDir: string): HouseLock {
  const lock = acquireHouse(dataDir);
  if (lock instanceof HouseLock) return lock;
  throw new Error(`held by ${lock.heldBy}`);
}

/** Takes the house anew for each start, as a new process would. */
async function start(dataDir: string, options: EmbeddedOptions = {}): Promise<EmbeddedDatabase> {
  const house = hold(dataDir);
  try {
    const database = await startEmbedded(house, silentLog(), { systemFolder: join(root, 'system'), ...options });
    running.add(database);
    return database;
  } finally {
    house.release();
  }
}

async function ask<T>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<{ value: T }>(sql)).rows.map(({ value }) => value);
  } finally {
    await client.end();
  }
}

const answers = (url: string): Promise<boolean> =>
  ask(url, 'select 1 as value').then(
    () => true,
    () => false,
  );

async function untilAnswers(url: string): Promise<void> {
  while (!(await answers(url))) await until(() => false, 25);
}

/** A transaction of the house that is open when it is killed. */
const holding = `const { default: { Client } } = await import('pg');
  globalThis.begun = async (url) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('begin');
    await client.query("update kept set value = 'changed'");
  };`;

/** The pid of the server that a killed house leaves behind. @param prelude runs in the house before its modules are read */
async function leftBehind(dataDir: string, prelude = ''): Promise<number> {
  const modules = ['../house-lock.ts', './start-embedded.ts', '../log.ts'].map(
    (path) => new URL(path, import.meta.url).href,
  );
  const script = `${prelude}
    const [{ acquireHouse }, { startEmbedded }, { silentLog }] = await Promise.all(${JSON.stringify(modules)}.map((m) => import(m)));
    const database = await startEmbedded(acquireHouse(process.argv[1]), silentLog());
    await globalThis.begun?.(database.url);
    process.stdout.write(String(database.pid()));
    setInterval(() => {}, 1000);`;
  const house = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const server = Number(String((await once(house.stdout, 'data'))[0]));
  expect(acquireHouse(dataDir)).toEqual({ heldBy: house.pid, purpose: 'house' });
  house.kill('SIGKILL');
  await once(house, 'exit');
  expect(processIdentity(server)).toBeDefined();
  return server;
}

const serversOf = (cluster: string): number[] => processesIn(cluster, 'postgres');

test('a database folder that was moved away is made anew, though the record of it stays', async () => {
  const dataDir = join(root, 'moved');
  const first = await start(dataDir);
  await first.stop();
  renameSync(join(dataDir, 'postgres'), join(root, 'moved-away'));
  const second = await start(dataDir);
  expect(await ask(second.url, 'select current_database() as value')).toEqual(['posthouse']);
  await second.stop();
}, 60_000);

describe('one house through its life', { timeout: 60_000 }, () => {
  const dataDir = join(root, 'life');
  const cluster = join(dataDir, 'postgres');

  test('a first start redoes a half-written initdb and makes the database', async () => {
    mkdirSync(join(dataDir, 'postgres.init-dead', 'base'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres.init-dead', 'PG_VERSION'), '18\n');
    writeFileSync(join(dataDir, 'postgres.init-dead.password'), 'left behind');
    const { url, stop } = await start(dataDir);
    expect(readdirSync(dataDir).sort()).toEqual([
      'house.guard',
      'house.json',
      'postgres',
      ...(process.platform === 'linux' ? ['postgres.alive'] : []),
      'postgres.log',
    ]);
    expect(
      await ask(
        url,
        `select concat_ws(' ', current_database(), pg_encoding_to_char(encoding), datcollate) as value from pg_database where datname = current_database()`,
      ),
    ).toEqual(['posthouse UTF8 C']);
    expect(
      await ask(
        url,
        `select string_agg(name || '=' || setting, ' ' order by name) as value from pg_settings where name in ('fsync', 'synchronous_commit', 'listen_addresses', 'unix_socket_directories', 'jit')`,
      ),
    ).toEqual(['fsync=on jit=off listen_addresses=127.0.0.1 synchronous_commit=on unix_socket_directories=']);
    await ask(url, `create table kept as select 'mail'::text as value`);
    await stop();
    expect([existsSync(join(cluster, 'postmaster.pid')), serversOf(cluster), await answers(url)]).toEqual([
      false,
      [],
      false,
    ]);
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).toContain('database system is shut down');
  });

  test('a line of its log has each key once', async () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const house = hold(dataDir);
    const log = createLog({ level: 'info', format: 'json' }, { destination });
    running.add(await startEmbedded(house, log, { systemFolder: join(root, 'system') }));
    house.release();
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('the database runs');
    for (const line of lines) {
      const keys = [...line.matchAll(/[{,]"(\w+)":/g)].map(([, key]) => key);
      expect(keys).toEqual([...new Set(keys)]);
    }
  });

  test('the next start keeps data, port and password; nobody gets in without it', async () => {
    const before = readHouse(dataDir)?.record;
    const { url } = await start(dataDir);
    expect(url).toBe(before?.databaseUrl);
    expect(await ask(url, 'select value from kept')).toEqual(['mail']);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(ask(wrong.href, 'select 1 as value')).rejects.toThrow(/password authentication failed/);
  });

  test('a taken port is exchanged for a free one', async () => {
    const port = readHouse(dataDir)?.record.postgres?.port ?? 0;
    const other = createServer();
    await once(other.listen(port, '127.0.0.1'), 'listening');
    const database = await start(dataDir);
    other.close();
    expect(database.port).not.toBe(port);
    expect(readHouse(dataDir)?.record.postgres?.port).toBe(database.port);
    expect(await ask(database.url, 'select value from kept')).toEqual(['mail']);
  });

  test('a killed server is started again under the same URL, and stop() still stops it', async () => {
    const { url, pid, stop } = await start(dataDir);
    const killed = pid() ?? 0;
    process.kill(killed, 'SIGKILL');
    await until(() => processIdentity(killed) === undefined, 10_000);
    await untilAnswers(url);
    expect(pid()).not.toBe(killed);
    expect(await ask(url, 'select value from kept')).toEqual(['mail']);
    await stop();
    expect(serversOf(cluster)).toEqual([]);
  });

  test.for([
    ['a dead process', () => 2 ** 22 - 1],
    ['a process that is somebody else’s by now', () => process.pid],
  ] as const)('a pid file of %s is no hindrance', async ([, pid]) => {
    const lines = [pid(), cluster, 1, 5432, '', '127.0.0.1', '     1  1', 'ready   '];
    writeFileSync(join(cluster, 'postmaster.pid'), `${lines.join('\n')}\n`);
    const { url } = await start(dataDir);
    expect(await ask(url, 'select value from kept')).toEqual(['mail']);
  });

  test('a server whose house was killed serves the next one, without the sessions of the dead, and is kept running and stopped by it', async () => {
    const left = await leftBehind(dataDir, holding);
    const before = readHouse(dataDir)?.record;
    const { url, port, pid, stop } = await start(dataDir);
    // Apps that outlived the house have this URL and no other.
    expect([pid(), port, url]).toEqual([left, before?.postgres?.port, before?.databaseUrl]);
    // What the dead one had begun is rolled back, its locks are free.
    expect(await ask(url, 'select value from kept for update nowait')).toEqual(['mail']);
    process.kill(left, 'SIGKILL');
    await until(() => processIdentity(left) === undefined, 10_000);
    await untilAnswers(url);
    expect([serversOf(cluster).includes(pid() ?? 0), pid() === left]).toEqual([true, false]);
    await stop();
    expect(serversOf(cluster)).toEqual([]);
  });

  test('a server that was taken over stops with its house', async () => {
    const left = await leftBehind(dataDir);
    const { pid, stop } = await start(dataDir);
    expect(pid()).toBe(left);
    await stop();
    expect([serversOf(cluster), existsSync(join(cluster, 'postmaster.pid'))]).toEqual([[], false]);
  });

  test('a server of other settings is stopped first, then one started anew under the same URL', async () => {
    const left = await leftBehind(dataDir, 'process.constrainedMemory = () => 1_000_000_000;');
    const before = readHouse(dataDir)?.record;
    const { url, port, pid } = await start(dataDir);
    expect([processIdentity(left), pid() === left]).toEqual([undefined, false]);
    expect([port, url]).toEqual([before?.postgres?.port, before?.databaseUrl]);
    expect(await ask(url, 'select value from kept')).toEqual(['mail']);
  });

  test('a server is taken over only whole, by its own program and arguments, while it is ready', async () => {
    const left = await leftBehind(dataDir);
    const binaries = findBinaries(unprivilegedAccount());
    const asStarted = (port: number) => command({ folder: cluster, account: undefined }, binaries, port);
    const copy = join(root, 'postgres');
    cpSync(binaries.postgres, copy);
    expect((await findSurvivor(cluster, asStarted))?.server.pid).toBe(left);
    const other = {
      'another file': (port: number) => [copy, ...asStarted(port).slice(1)],
      'one argument more': (port: number) => [...asStarted(port), '-c', 'jit=on'],
      'another port': (port: number) => asStarted(port + 1),
    };
    for (const [what, said] of Object.entries(other)) expect(await findSurvivor(cluster, said), what).toBeUndefined();
    const pidFile = join(cluster, 'postmaster.pid');
    const before = readFileSync(pidFile, 'utf8');
    for (const after of [before.replace('ready', 'starting'), before.replace(/^\d+/, '1'), ''])
      expect([writeFileSync(pidFile, after), await findSurvivor(cluster, asStarted)]).toEqual([undefined, undefined]);
    writeFileSync(pidFile, before);
    const stopped = await start(dataDir);
    expect(stopped.pid()).toBe(left);
  });

  test('killed all at once, server and house, it recovers', async () => {
    const house = await start(dataDir);
    const all = serversOf(cluster);
    await ask(house.url, `insert into kept values ('more mail')`);
    for (const pid of all) process.kill(pid, 'SIGKILL');
    await house.stop();
    const { url } = await start(dataDir);
    expect(await ask(url, 'select value from kept')).toEqual(['mail', 'more mail']);
  });

  test('a data folder of another major version is left alone, with the remedy', async () => {
    const older = join(root, 'older');
    mkdirSync(join(older, 'postgres'), { recursive: true });
    writeFileSync(join(older, 'postgres', 'PG_VERSION'), '17\n');
    chownSync(join(older, 'postgres'), ...ids());
    await expect(start(older)).rejects.toThrow(/made by PostgreSQL 17, and this release runs PostgreSQL 18: dump it/);
    expect(readdirSync(join(older, 'postgres'))).toEqual(['PG_VERSION']);
  });

  test('a database folder with files but no database is left alone', async () => {
    const odd = join(root, 'odd');
    mkdirSync(join(odd, 'postgres', 'base'), { recursive: true });
    await expect(start(odd)).rejects.toThrow(/holds files but no database \(PG_VERSION is missing\)/);
  });
});

const asRoot = process.getuid?.() === 0;
if (!asRoot) console.log('SKIPPED: a house that is started as root (this is an ordinary user)');
if (!asRoot) console.log('not root: the tests of the unprivileged account are left out');

function ids(): [number, number] {
  const account = unprivilegedAccount();
  return [account?.uid ?? process.getuid?.() ?? 0, account?.gid ?? process.getgid?.() ?? 0];
}

describe.runIf(asRoot)('started as root', { timeout: 60_000 }, () => {
  test('below a 0700 home, with no user but nobody, the cluster goes to the system folder, and is found there again', async () => {
    const home = mkdtempSync(join(root, 'home-'));
    chmodSync(home, 0o700);
    const dataDir = join(home, 'data');
    const first = await start(dataDir, { accounts: ['posthouse', 'nobody'] });
    const { folder } = first.cluster;
    expect(dirname(dirname(folder))).toBe(join(root, 'system'));
    expect([statSync(folder).uid, statSync(folder).mode & 0o777]).toEqual([65_534, 0o700]);
    expect(readHouse(dataDir)?.record.postgres?.cluster).toBe(folder);
    await ask(first.url, `create table kept as select 'mail'::text as value`);
    await first.stop();
    // The home was opened and house.json lost: the cluster is still the one there is, under the user who made it.
    chmodSync(home, 0o755);
    rmSync(join(dataDir, 'house.json'));
    const second = await start(dataDir);
    expect([second.cluster.folder, second.cluster.account?.name]).toEqual([folder, 'nobody']);
    expect(await ask(second.url, 'select value from kept')).toEqual(['mail']);
  });

  test('programs below a 0700 home are copied once, whole, and run', () => {
    const home = mkdtempSync(join(root, 'checkout-'));
    chmodSync(home, 0o700);
    cpSync(dirname(packagedFolder()), join(home, 'package'), { recursive: true, verbatimSymlinks: true });
    const system = join(root, 'programs');
    const account = unprivilegedAccount(['nobody']);
    const { version } = JSON.parse(readFileSync(join(home, 'package', 'package.json'), 'utf8')) as { version: string };
    mkdirSync(join(system, `.postgresql-${version}-of an interrupted copy`), { recursive: true });
    const first = findBinaries(account, system, join(home, 'package', 'native'));
    expect([first.major, dirname(dirname(dirname(first.postgres)))]).toEqual([18, system]);
    const made = statSync(first.postgres).ino;
    findBinaries(account, system, join(home, 'package', 'native'));
    expect(statSync(first.postgres).ino).toBe(made);
    expect(readdirSync(system).filter((entry) => entry.startsWith('.postgresql-18'))).toEqual([]);
  });

  test('without any of the users it says which to add', () => {
    expect(() => unprivilegedAccount(['no-such-user'])).toThrow(/none of the users no-such-user exists: add one/);
  });
});
