/** bin/: from `npm ci` to the app, on whatever Node the machine has. Tried on a copy with an app of three lines. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { until } from './embedded/leftovers.ts';
import { takeKernelLock } from './kernel-lock.ts';
import { processIdentity } from './process-identity.ts';

// Each start is a Node, an npm and a build.
vi.setConfig({ testTimeout: 90_000 });

const MAIN = `process.on('SIGTERM', () => process.exit(7));
process.stdout.write(process.versions.node.split('.')[0] + ' ' + process.pid + ' ' + process.argv.slice(2).join(' '));
if (process.argv[2] === 'stay') setInterval(() => {}, 1000);`;

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

/** A checkout after `npm ci`, not yet built. */
function checkout(): string {
  const root = mkdtempSync(join(tmpdir(), 'posthouse-bin-'));
  roots.push(root);
  cpSync(fileURLToPath(new URL('../../../bin', import.meta.url)), join(root, 'bin'), { recursive: true });
  const lock = 'kernel-lock.ts';
  cpSync(fileURLToPath(new URL(lock, import.meta.url)), join(root, 'libs', 'runtime', 'src', lock));
  mkdirSync(join(root, 'node_modules', 'node', 'bin'), { recursive: true });
  symlinkSync(process.execPath, join(root, 'node_modules', 'node', 'bin', 'node'));
  writeFileSync(join(root, 'tsconfig.build.json'), '{}');
  writeFileSync(join(root, 'main.txt'), MAIN);
  const build = 'mkdir -p dist/bin && cp main.txt dist/bin/cli.js && touch dist/built';
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', scripts: { build } }));
  return root;
}

function run(root: string, runtime = process.execPath, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(runtime, [join(root, 'bin', 'posthouse.js'), ...args], {
    cwd: '/',
    encoding: 'utf8',
    timeout: 60_000, // one that waits for ever is to fail, not to hold up the run
  });
  return { said: stdout.replace(/^(\d+) \d+ /, '$1 '), told: stderr, status };
}

const ON_24 = `24 domain list`;

test('the first start builds, the next does not, one after a change does; a command takes the build that is there', () => {
  const root = checkout();
  const first = run(root, process.execPath, 'domain', 'list');
  expect(first).toMatchObject({ said: ON_24, status: 0 });
  expect(first.told).toContain('posthouse: building');
  expect(run(root, process.execPath, 'domain', 'list')).toEqual({ said: ON_24, told: '', status: 0 });
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(root, 'tsconfig.build.json'), later, later);
  expect(run(root, process.execPath, 'domain', 'list')).toEqual({ said: ON_24, told: '', status: 0 });
  expect(run(root, process.execPath, '--json', 'migrate').told).toContain('posthouse: building');
});

const lockOf = (root: string): string => join(root, 'node_modules', '.posthouse-build');
const guardOf = (root: string): string => `${lockOf(root)}.guard`;
const holder = (pid: number, identity = processIdentity(pid)): string => JSON.stringify({ pid, identity });

/** What killed builds leave, of this version and of earlier ones. */
const STALE: readonly (readonly [string, (lock: string) => void])[] = [
  ['a process that is gone', (lock) => writeFileSync(lock, holder(4_194_303, 'another-boot:1'))],
  ['an earlier process that had the pid of one that runs', (lock) => writeFileSync(lock, holder(process.pid, 'x:1'))],
  ['a pid alone', (lock) => writeFileSync(lock, String(process.pid))],
  ['a living process that builds nothing', (lock) => writeFileSync(lock, holder(process.pid))],
  ['nobody: an empty file', (lock) => writeFileSync(lock, '')],
  ['nobody: an empty folder', (lock) => mkdirSync(lock)],
  ['a folder with a pid', (lock) => (mkdirSync(lock), writeFileSync(join(lock, 'pid'), String(process.pid)))],
];

test.for(STALE)('a build lock of %s does not hold up the next start', ([, leave]) => {
  const root = checkout();
  leave(lockOf(root));
  const { told, ...outcome } = run(root, process.execPath, 'domain', 'list');
  expect(outcome).toEqual({ said: ON_24, status: 0 });
  expect(told).not.toContain('waiting');
  expect(readdirSync(join(root, 'node_modules')).sort()).toEqual([
    '.posthouse-build.guard',
    '.posthouse-compiled',
    'node',
  ]);
});

test('a start whose own pid an earlier one left in the lock does not wait for itself', () => {
  const root = checkout();
  // The shell gives its pid to the program that it becomes, as a container gives the same one at every start.
  const script = `echo '{"pid":'$$',"identity":"another-boot:1"}' > '${lockOf(root)}' && exec '${process.execPath}' '${join(root, 'bin', 'posthouse.js')}'`;
  const { stdout, status } = spawnSync('sh', ['-c', script], { encoding: 'utf8', timeout: 60_000 });
  expect([stdout.split(' ')[0], status]).toEqual(['24', 0]);
});

test('while another process builds, a start says so once and waits', async () => {
  const root = checkout();
  const building = takeKernelLock(guardOf(root));
  writeFileSync(lockOf(root), String(process.pid));
  const waiting = spawn(process.execPath, [join(root, 'bin', 'posthouse.js')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  waiting.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const LINE = `posthouse: waiting for process ${process.pid}, which is building\n`;
  await expect.poll(() => told, { timeout: 60_000 }).toBe(LINE);
  building?.release();
  expect(await once(waiting, 'exit')).toEqual([0, null]);
  expect(told).toBe(`${LINE}posthouse: building (the first start, or the sources changed) ...\n`);
});

test('a failed build and missing dependencies say what to do', () => {
  const root = checkout();
  rmSync(join(root, 'main.txt'));
  expect(run(root)).toMatchObject({ status: 1, told: expect.stringContaining('run "npm ci && npm run build"') });
  rmSync(join(root, 'node_modules'), { recursive: true });
  expect(run(root)).toMatchObject({ status: 1, told: expect.stringContaining('run "npm ci"') });
});

/** A Node of another major version on this machine, if there is one. */
const other = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((path) => existsSync(path) && !spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.startsWith('v24.'));
if (other === undefined) console.log('no Node but 24 on this machine: the tests of running under another are left out');

test.runIf(other)('another Node hands over to 24, with arguments and exit code', () => {
  expect(run(checkout(), other, 'domain', 'list')).toMatchObject({ said: ON_24, status: 0 });
});

test.runIf(other).for(['SIGTERM', 'SIGKILL'] as const)('%s to the first process ends the second', async (signal) => {
  const root = checkout();
  const parent = spawn(other ?? '', [join(root, 'bin', 'posthouse.js'), 'stay'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [, pid] = String((await once(parent.stdout, 'data'))[0]).split(' ');
  parent.kill(signal);
  expect(await once(parent, 'exit')).toEqual(signal === 'SIGTERM' ? [7, null] : [null, 'SIGKILL']);
  expect(await until(() => processIdentity(Number(pid)) === undefined, 4_000)).toBe(true);
});
