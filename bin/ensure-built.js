// Builds when dist is missing or older than the sources; of several starts at the same time one builds and the others wait.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from './ensure-node24.js';

const SOURCES = ['apps', 'libs', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const IGNORED = new Set(['node_modules', 'dist', 'data']);
/** What a build writes last: one that failed half-way leaves none. */
const STAMP = join('dist', 'libs', 'store', 'migrations');
const POLL_MS = 200;

/** Resolves when dist is there and no older than the sources. */
export async function ensureBuilt(root) {
  if (!existsSync(join(root, 'node_modules'))) fail(`the dependencies are not installed: run "npm ci" in ${root}`);
  if (!isStale(root)) return;
  await withLock(join(root, 'node_modules', '.posthouse-build'), () => {
    if (isStale(root)) build(root);
  });
}

function build(root) {
  process.stderr.write('posthouse: building (the first start, or the sources changed) ...\n');
  const { status, error } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    fail(`the build failed${error ? ` (${error.message})` : ''}: run "npm ci && npm run build" in ${root}`);
}

/** Without sources (an installed package) what is there is what there is. */
function isStale(root) {
  const stamp = statSync(join(root, STAMP), { throwIfNoEntry: false });
  if (!existsSync(join(root, 'tsconfig.build.json'))) return false;
  return stamp === undefined || SOURCES.some((source) => newest(join(root, source)) > stamp.mtimeMs);
}

function newest(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return path.endsWith('.spec.ts') ? 0 : found.mtimeMs;
  return readdirSync(path)
    .filter((entry) => !IGNORED.has(entry))
    .reduce((latest, entry) => Math.max(latest, newest(join(path, entry))), 0);
}

async function withLock(folder, work) {
  while (!take(folder)) await sleep(POLL_MS);
  try {
    work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder is made by one process only; the pid in it tells a waiter whether its maker still lives. */
function take(folder) {
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST')
      fail(`cannot build: ${error.message}; run "npm run build" once as the owner of the checkout`);
    if (isAbandoned(folder)) rmSync(folder, { recursive: true, force: true });
    return false;
  }
}

function isAbandoned(folder) {
  try {
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
