/** The master process of a database server: a child of ours, or one that outlived the house which started it. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { parentOf, processesIn, processIdentity } from '../process-identity.ts';
import { errorCode } from '../errors.ts';
import { readPidFile } from './leftovers.ts';
import { watchServers } from './living-servers.ts';

export interface ServerProcess {
  /** Undefined: the program could not be run. */
  readonly pid: number | undefined;
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** How it ended, for the log; nothing of a process that was no child. */
  end(): { readonly code?: number | null; readonly signal?: NodeJS.Signals | null };
}

export function ofChild(child: ChildProcess): ServerProcess {
  return {
    pid: child.pid,
    exited: new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    }),
    isRunning: () => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
    end: () => ({ code: child.exitCode, signal: child.signalCode }),
  };
}

/** A server that runs already, and its port. */
export interface Survivor {
  readonly server: ServerProcess;
  readonly port: number;
}

/**
 * The server that a killed house left behind, when it can serve the next one: it is ready, all that works on the cluster is it and its
 * backends, it is the program that would be started, with the settings that it would be given, and its end will be seen (Linux: the socket
 * that its processes inherited). Undefined: stop what is there, and start anew.
 */
export async function findSurvivor(
  cluster: string,
  command: (port: number) => readonly string[],
): Promise<Survivor | undefined> {
  const file = readPidFile(cluster);
  const processes = processesIn(cluster, 'postgres');
  if (file?.status !== 'ready' || !processes.includes(file.pid)) return undefined;
  const { pid, port } = file;
  const identity = processIdentity(pid);
  if (processes.some((one) => one !== pid && parentOf(one) !== pid) || !runs(pid, command(port))) return undefined;
  const watch = await watchServers(cluster);
  if (watch === undefined) return undefined;
  const isRunning = (): boolean => processIdentity(pid) === identity;
  return {
    port,
    server: {
      pid,
      exited: watch.ended,
      isRunning,
      kill: (signal) => isRunning() && send(pid, signal),
      end: () => ({}),
    },
  };
}

/** Whether the process is this program, the file that lies there now, with these arguments. */
function runs(pid: number, [program = '', ...args]: readonly string[]): boolean {
  try {
    const said = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1, -1);
    const [there, here] = [`/proc/${pid}/exe`, program].map((path) => statSync(path, { bigint: true }));
    return there?.ino === here?.ino && there?.dev === here?.dev && said.join('\0') === args.join('\0');
  } catch {
    // It ended, or it is not ours to ask.
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
