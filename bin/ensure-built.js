// Builds when dist is missing or older than the sources; of several starts at the same time one builds and the others wait.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, say } from './ensure-node24.js';

const SOURCES = ['apps', 'libs', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const IGNORED = new Set(['node_modules', 'dist', 'data']);
/** What a build writes last: one that failed half-way leaves none. */
const STAMP = join('dist', 'built');
const POLL_MS = 200;

/** Resolves when dist is there, and with `anew` no older than the sources. */
export async function ensureBuilt(root, { anew = true } = {}) {
  if (!existsSync(join(root, 'node_modules'))) fail(`the dependencies are not installed: run "npm ci" in ${root}`);
  if (existsSync(join(root, STAMP)) && !(anew && isStale(root))) return;
  await withLock(join(root, 'node_modules', '.posthouse-build'), () => {
    if (isStale(root)) build(root);
  });
}

function build(root) {
  say('building (the first start, or the sources changed) ...');
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

/** When the last of the sources at `path` was changed. */
function newest(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  return found.isDirectory() ? newestIn(path) : found.mtimeMs;
}

function newestIn(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry;
    if (IGNORED.has(name) || name.endsWith('.spec.ts')) continue;
    const path = `${folder}/${name}`;
    latest = Math.max(latest, entry.isDirectory() ? newestIn(path) : statSync(path).mtimeMs);
  }
  return latest;
}

/** `lock` says who builds, for people; the kernel's lock beside it decides, across containers that share the checkout as well. */
async function withLock(lock, work) {
  const guard = await take(lock);
  try {
    tryTo(() => rmSync(lock, { recursive: true, force: true }));
    tryTo(() => writeFileSync(lock, String(process.pid)));
    work();
  } finally {
    rmSync(lock, { force: true });
    guard.release();
  }
}

/** Resolves when this process is the one that builds. */
async function take(lock) {
  // What is to be built cannot be asked; this one file of the sources runs as it stands.
  const { takeKernelLock } = await import('../libs/runtime/src/kernel-lock.ts');
  let isTold = false;
  for (;;) {
    const guard = tryTo(() => takeKernelLock(`${lock}.guard`));
    if (guard !== undefined) return guard;
    if (!isTold) {
      say(`waiting for ${builder(lock)}, which is building`);
      isTold = true;
    }
    await sleep(POLL_MS);
  }
}

function builder(lock) {
  try {
    const pid = Number.parseInt(readFileSync(lock, 'utf8'), 10);
    return pid > 0 ? `process ${pid}` : 'another process';
  } catch {
    return 'another process';
  }
}

function tryTo(take) {
  try {
    return take();
  } catch (error) {
    return fail(`cannot build: ${error.message}; run "npm run build" once as the owner of the checkout`);
  }
}
