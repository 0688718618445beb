/** What a killed house leaves on its cluster: running servers without a master, pid files of the dead. Call only with the house lock held. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { errorCode, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { parentOf, processesIn, processIdentity } from '../process-identity.ts';
import { EmbeddedError } from './embedded-error.ts';
import { anyServerLives } from './living-servers.ts';

/** postmaster.pid, by line: pid, folder, start time, port, socket folder, listen address, shared memory key, status. */
const pidFile = z.object({
  pid: z.coerce.number().int().positive(),
  port: z.coerce.number().int(),
  status: z.string(),
});
export type PidFile = z.infer<typeof pidFile>;

/** The server's own pid file; undefined when there is none or it is not whole. */
export function readPidFile(cluster: string): PidFile | undefined {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return pidFile.safeParse({ pid: lines[0], port: lines[3], status: lines[7]?.trim() ?? '' }).data;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new EmbeddedError(
      `cannot read ${join(cluster, 'postmaster.pid')}: ${reasonOf(error)}; start the house as root or as the folder's owner`,
      {
        cause: error,
      },
    );
  }
}

/** Each signal and how long (milliseconds) the server has to end after it: fast shutdown, immediate shutdown, none. */
export const STOP_STEPS = [
  ['SIGINT', 20_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
] as const;

const POLL_MS = 5;

/**
 * Ends every server process still at work on the cluster, where none could be taken over (`findSurvivor`), then removes a pid file of the
 * dead. A server refuses to start while the file's pid runs, even if that is by now somebody else's.
 */
export async function clearLeftovers(cluster: string, log: Log): Promise<void> {
  for (const [signal, wait] of STOP_STEPS) {
    const left = serversOf(cluster);
    if (left.length === 0) break;
    log.warn({ cluster, pids: left, signal }, 'stopping a database server that an earlier run left behind');
    for (const pid of signal === 'SIGINT' ? mastersOf(left) : left) send(pid, signal);
    await until(() => left.every((pid) => processIdentity(pid) === undefined), wait);
  }
  const left = serversOf(cluster);
  if (left.length > 0)
    throw new EmbeddedError(
      `processes ${left.join(', ')} still use ${cluster} and do not end: end them and start again`,
    );
  await refuseUnseen(cluster);
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
}

/** Backends need a moment to see that their master is gone. */
const UNSEEN_MS = 2_000;

/** Two servers on one cluster destroy it, and this one could be neither seen nor stopped from here. */
async function refuseUnseen(cluster: string): Promise<void> {
  for (const end = performance.now() + UNSEEN_MS; await anyServerLives(cluster); await sleep(POLL_MS)) {
    if (performance.now() > end)
      throw new EmbeddedError(
        `a database server of an earlier run still works on ${cluster}, in another container or PID namespace, where it cannot be seen: end it there and start again`,
      );
  }
}

/** The server processes at work on the cluster. Where there is no /proc: the one of the pid file, if it runs and is a server. */
function serversOf(cluster: string): number[] {
  if (process.platform === 'linux') return processesIn(cluster, 'postgres');
  const pid = readPidFile(cluster)?.pid;
  return pid !== undefined && processIdentity(pid) !== undefined ? [pid] : [];
}

// SIGINT to a backend only cancels its query; to the master it is the fast shutdown. Orphaned backends see their master gone and end alone.
function mastersOf(pids: readonly number[]): number[] {
  const all = new Set(pids);
  return pids.filter((pid) => !all.has(parentOf(pid) ?? 0));
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH')
      throw new EmbeddedError(`cannot stop the database server ${pid}: ${reasonOf(error)}; end it and start again`, {
        cause: error,
      });
  }
}

/** Waits for `condition`, at most `ms`; true when it came. */
export async function until(condition: () => boolean, ms: number, signal?: AbortSignal): Promise<boolean> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end || signal?.aborted) return condition();
    await sleep(POLL_MS);
  }
  return true;
}
