import { availableParallelism } from 'node:os';

/**
 * The size of libuv's thread pool where the environment has none: a thread for each core's password hashes and one for files and names, libuv's
 * own default where that is more. To be called before all else: libuv reads it when the first task comes, and loading our files brings none. So
 * it holds whoever starts an app: the launcher, systemd, `nest start`, or Node itself.
 */
export function fitThreadPool(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism() + 1));
}
