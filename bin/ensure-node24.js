// Posthouse runs on Node 24 from the npm package `node`; this file itself must run on Node 20.
import { spawn } from 'node:child_process';
import { availableParallelism, constants } from 'node:os';
import { existsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const MAJOR = 24;
/** Set for the child, so that it knows the IPC channel as its line to the parent. Not POSTHOUSE_*: those are settings. */
const MARK = 'NODE24_CHILD';
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGQUIT'];

/** One line for the operator, on standard error or else on standard output: a full disk under either must not end a start. */
export function say(message) {
  for (const fd of [2, 1])
    try {
      writeSync(fd, `posthouse: ${message}\n`);
      return;
    } catch {
      // The other one, then.
    }
}

/** Ends the process with a reason and a remedy for the operator. */
export function fail(message) {
  say(message);
  process.exit(1);
}

/**
 * Returns when this process runs on Node 24. Otherwise runs `script` again under it, passes signals on and ends with its code or signal:
 * then it never returns.
 */
export async function ensureNode24(root, script, args) {
  if (process.env[MARK] !== undefined) return adopt();
  if (Number.parseInt(process.versions.node, 10) === MAJOR) return undefined;
  const runtime = findRuntime(root);
  if (runtime === undefined)
    fail(
      `Node ${MAJOR} is needed and this is ${process.version}: run "npm ci" in ${root} (the npm package "node" brings it; its install script must be allowed)`,
    );
  // The channel closes with this process, even by kill -9: the child sees it and shuts down instead of living on unseen.
  const child = spawn(runtime, [...process.execArgv, script, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A thread for each core's password hashes and one for files; libuv reads it before a line of the child runs.
    env: { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism() + 1)), ...process.env, [MARK]: '1' },
  });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot run ${runtime}: ${error.message}`));
  child.on('exit', (code, signal) => end(code, signal));
  return new Promise(() => undefined);
}

/** In the child: the end of the parent is a request to end. */
function adopt() {
  delete process.env[MARK];
  if (process.channel === undefined || process.channel === null) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

function end(code, signal) {
  if (signal === null) process.exit(code ?? 1);
  for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
  process.kill(process.pid, signal);
  // Signals whose default is not to end us.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
}

/** The `node` package beside us, or above us where Posthouse is itself a dependency. */
function findRuntime(root) {
  for (let folder = root; ; folder = dirname(folder)) {
    const runtime = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(runtime)) return runtime;
    if (dirname(folder) === folder) return undefined;
  }
}
