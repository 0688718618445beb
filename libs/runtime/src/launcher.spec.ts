/** bin/: from `npm ci` to the app, on whatever Node the machine has. Tried on a copy with an app of three lines. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { until } from './embedded/leftovers.ts';
import { processIdentity } from './process-identity.ts';

const MAIN = `process.on('SIGTERM', () => process.exit(7));
process.stdout.write(process.versions.node.split('.')[0] + ' ' + process.pid + ' ' + process.argv.slice(2).join(' '));
if (process.argv[2] === 'stay') setInterval(() => {}, 1000);`;

/** A checkout after `npm ci`, not yet built. */
function checkout(): string {
  const root = mkdtempSync(join(tmpdir(), 'posthouse-bin-'));
  cpSync(fileURLToPath(new URL('../../../bin', import.meta.url)), join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'node_modules', 'node', 'bin'), { recursive: true });
  symlinkSync(process.execPath, join(root, 'node_modules', 'node', 'bin', 'node'));
  writeFileSync(join(root, 'tsconfig.build.json'), '{}');
  writeFileSync(join(root, 'main.txt'), MAIN);
  const build =
    'mkdir -p dist/apps/cli/src && cp main.txt dist/apps/cli/src/main.js && mkdir -p dist/libs/store/migrations';
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', scripts: { build } }));
  return root;
}

function run(root: string, runtime = process.execPath, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(runtime, [join(root, 'bin', 'posthouse.js'), ...args], {
    cwd: '/',
    encoding: 'utf8',
  });
  return { said: stdout.replace(/^(\d+) \d+ /, '$1 '), told: stderr, status };
}

const ON_24 = `24 domain list`;

test('the first start builds, the next does not, one after a change does', () => {
  const root = checkout();
  const first = run(root, process.execPath, 'domain', 'list');
  expect(first).toMatchObject({ said: ON_24, status: 0 });
  expect(first.told).toContain('posthouse: building');
  expect(run(root, process.execPath, 'domain', 'list')).toEqual({ said: ON_24, told: '', status: 0 });
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(root, 'tsconfig.build.json'), later, later);
  expect(run(root, process.execPath, 'domain', 'list').told).toContain('posthouse: building');
});

test('a build left by a killed start does not hold up the next', () => {
  const root = checkout();
  mkdirSync(join(root, 'node_modules', '.posthouse-build'));
  writeFileSync(join(root, 'node_modules', '.posthouse-build', 'pid'), '4194303');
  expect(run(root, process.execPath, 'domain', 'list')).toMatchObject({ said: ON_24, status: 0 });
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
