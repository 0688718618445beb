/** Servers that a killed house left behind where the next one cannot see them, and houses that lead to the same cluster. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { Other, whyNotIn } from '../house-lock.spec-helper.ts';
import { acquireHouse, HouseLock } from '../house-lock.ts';
import { silentLog } from '../log.ts';
import { processesIn, processIdentity } from '../process-identity.ts';
import { until } from './leftovers.ts';
import { anyServerLives, lifeSocket } from './living-servers.ts';
import { startEmbedded } from './start-embedded.ts';

// Each makes a cluster.
vi.setConfig({ testTimeout: 90_000 });

const root = mkdtempSync(join(tmpdir(), 'posthouse-living-'));
chmodSync(root, 0o755);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Takes the house anew, as a new process would. */
async function start(dataDir: string, systemFolder = join(root, 'system')) {
  const house = acquireHouse(dataDir);
  if (!(house instanceof HouseLock)) throw new Error(`held by ${house.heldBy}`);
  try {
    const database = await startEmbedded(house, silentLog(), { systemFolder });
    return { ...database, stop: () => database.stop().finally(() => house.release()) };
  } catch (error) {
    house.release();
    throw error;
  }
}

const onLinux = process.platform === 'linux';
if (!onLinux) console.log('SKIPPED: sockets that servers inherit (this is no Linux)');

test.runIf(onLinux)(
  'a socket lives as long as any process that inherited it, below a deep folder as well',
  async () => {
    const folder = join(root, ...Array.from({ length: 5 }, (_, at) => `${at}`.repeat(60)));
    const cluster = join(folder, 'postgres');
    mkdirSync(folder, { recursive: true });
    expect(await anyServerLives(cluster)).toBe(false);
    const life = await lifeSocket(cluster);
    const [one, two] = [1, 2].map(() => spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', life?.fd] }));
    life?.close();
    expect(await anyServerLives(cluster)).toBe(true);
    one?.kill('SIGKILL');
    if (one) await once(one, 'exit');
    expect(await anyServerLives(cluster)).toBe(true);
    two?.kill('SIGKILL');
    if (two) await once(two, 'exit');
    await expect.poll(() => anyServerLives(cluster)).toBe(false);
    // The next one, in the same place.
    const next = await lifeSocket(cluster);
    expect(await anyServerLives(cluster)).toBe(true);
    next?.close();
    await expect.poll(() => anyServerLives(cluster)).toBe(false);
  },
);

test('a server that a killed house left in another PID namespace is refused, not doubled', async ({ skip }) => {
  const why = whyNotIn('pid with its own /proc');
  if (why !== undefined) {
    console.log(`SKIPPED: ${why}`);
    skip(why);
  }
  const dataDir = join(root, 'orphaned');
  const cluster = join(dataDir, 'postgres');
  const modules = ['../house-lock.ts', './start-embedded.ts', '../log.ts'].map(
    (path) => new URL(path, import.meta.url).href,
  );
  // The first process of the namespace starts the house in a second one and kills it: the namespace, and the server in it, live on.
  const house = `const [{ acquireHouse }, { startEmbedded }, { silentLog }] = await Promise.all(${JSON.stringify(modules)}.map((m) => import(m)));
    await startEmbedded(acquireHouse(process.argv[1]), silentLog());
    process.kill(process.pid, 'SIGKILL');`;
  const script = `const { spawnSync } = await import('node:child_process');
    spawnSync(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(house)}, process.argv[1]], { stdio: 'inherit' });
    console.log('1');
    process.stdin.on('end', () => process.exit());`;
  const container = new Other(script, [dataDir], 'pid with its own /proc');
  await container.says();
  const [orphan = 0] = processesIn(cluster, 'postgres');
  expect(orphan).not.toBe(0);
  const pidFile = readFileSync(join(cluster, 'postmaster.pid'), 'utf8');
  const module = new URL('./leftovers.ts', import.meta.url).href;
  const clear = `const { clearLeftovers } = await import(${JSON.stringify(module)});
    await clearLeftovers(process.argv[1], { warn() {} }).then(() => console.log('"cleared"'), (error) => console.log(JSON.stringify(error.message)));`;
  for (const name of ['pid with its own /proc', 'pid'] as const) {
    const second = new Other(clear, [cluster], name);
    expect(await second.says()).toMatch(/still works on .*, in another container or PID namespace.*end it there/);
    await second.end();
  }
  expect([readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), processIdentity(orphan) !== undefined]).toEqual([
    pidFile,
    true,
  ]);
  // With the container its processes end; the kernel says so at once.
  await container.end();
  await until(() => processIdentity(orphan) === undefined, 10_000);
  const next = await start(dataDir);
  await next.stop();
});

test.runIf(process.getuid?.() === 0)(
  'a cluster outside its data folder is one house’s, whichever folder leads there',
  async () => {
    const home = mkdtempSync(join(root, 'home-'));
    chmodSync(home, 0o700);
    const [dataDir, copy] = [join(home, 'data'), join(home, 'copy')];
    const first = await start(dataDir);
    const pid = first.pid();
    expect(first.cluster.folder.startsWith(join(root, 'system'))).toBe(true);
    cpSync(dataDir, copy, { recursive: true, filter: (path) => !/\.(guard|lock|alive)$/.test(path) });
    await expect(start(copy)).rejects.toThrow(
      /another house runs on the database folder .*: stop it, or delete house\.json/,
    );
    expect([processIdentity(pid ?? 0) === undefined, first.pid()]).toEqual([false, pid]);
    await first.stop();
  },
);

test('a house that was taken from its process ends its server without touching a file', async () => {
  const dataDir = join(root, 'lost');
  const house = acquireHouse(dataDir, 'house', { beatMs: 50 });
  if (!(house instanceof HouseLock)) throw new Error('held');
  const { pid, cluster } = await startEmbedded(house, silentLog(), { systemFolder: join(root, 'system') });
  const [server, pidFile] = [pid() ?? 0, readFileSync(join(cluster.folder, 'postmaster.pid'), 'utf8')];
  const lost = new Promise<void>((resolve) => house.onLost(resolve));
  const record = JSON.parse(readFileSync(join(dataDir, 'house.lock'), 'utf8')) as object;
  writeFileSync(join(dataDir, 'another'), JSON.stringify({ ...record, token: 'another one' }));
  renameSync(join(dataDir, 'another'), join(dataDir, 'house.lock'));
  await lost;
  await until(() => processIdentity(server) === undefined, 10_000);
  expect(processIdentity(server)).toBeUndefined();
  // Its backends are ended with it, each in its own time.
  await expect.poll(() => anyServerLives(cluster.folder), { timeout: 10_000 }).toBe(false);
  expect(readFileSync(join(cluster.folder, 'postmaster.pid'), 'utf8')).toBe(pidFile);
  house.release();
});
