/** Which process a pid really is, and from where it can be seen: pids are recycled, and each PID namespace counts its own. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';

const HAS_PROC = existsSync('/proc/self/stat');

/**
 * Whether /proc counts processes as this one does. In a PID namespace without a /proc of its own (`unshare --pid` alone) it shows those of
 * the namespace above by their pids there, and a signal to such a pid would reach another process.
 */
const SEES_PROCESSES = HAS_PROC && linkOf('self') === String(process.pid);

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}

/** Text of a file below /proc; undefined when the process is gone or belongs to somebody else. */
function procText(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return undefined;
  }
}

/** Of a program of the system; undefined when it is not there or says nothing. */
const said = (program: string, ...args: string[]): string | undefined =>
  // No output at all where the program is missing, whatever the types say.
  (spawnSync(program, args, { encoding: 'utf8' }).stdout as string | null)?.trim() || undefined;

/** Where a process runs: what other processes may know of it depends on that. */
export interface Whereabouts {
  /** Of the running kernel: made anew whenever a machine starts. */
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly netNamespace: string;
  /** For people. */
  readonly host: string;
}

/** Of this process. A boot that cannot be named is like no other, so that whoever compares is careful. */
export const whereabouts = (): Whereabouts => ({
  bootId: (BOOT ??= bootId() ?? randomUUID()),
  pidNamespace: linkOf('self/ns/pid') ?? '',
  netNamespace: linkOf('self/ns/net') ?? '',
  host: hostname(),
});
let BOOT: string | undefined;

const bootId = (): string | undefined =>
  process.platform === 'darwin'
    ? said('sysctl', '-n', 'kern.bootsessionuuid')
    : procText('sys/kernel/random/boot_id')?.trim() || undefined;

/** Whether this process sees, and can signal, what runs at that place. */
export const isVisible = ({ bootId: boot, pidNamespace }: Pick<Whereabouts, 'bootId' | 'pidNamespace'>): boolean => {
  const here = whereabouts();
  return boot === here.bootId && pidNamespace === here.pidNamespace && (SEES_PROCESSES || !HAS_PROC);
};

/**
 * A string that no other process, before or after, on this machine has; undefined when this process sees none of that pid (zombies count as
 * gone). Its own it always knows.
 */
export function processIdentity(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (!HAS_PROC) return said('ps', '-o', 'lstart=', '-p', String(pid));
  const stat = pid === process.pid ? procText('self/stat') : SEES_PROCESSES ? procText(`${pid}/stat`) : undefined;
  if (stat === undefined) return undefined;
  // proc_pid_stat(5): the command name in parentheses may hold spaces; after it come state (3) … starttime (22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${whereabouts().bootId}:${fields[19] ?? ''}`;
}

/** The parent's pid; undefined when unknown. */
export function parentOf(pid: number): number | undefined {
  const stat = SEES_PROCESSES ? procText(`${pid}/stat`) : undefined;
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[1] === undefined ? undefined : Number(fields[1]);
}

/**
 * Running processes named `command` at work in `folder`, of those that this process sees. Linux only: empty elsewhere. By the folder itself and
 * not by its name: a process in another container may have another folder of the same name.
 */
export function processesIn(folder: string, command: string): number[] {
  if (!SEES_PROCESSES) return [];
  const wanted = folderNumbers(folder);
  if (wanted === undefined) return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d{1,10}$/.test(entry))
    .map(Number)
    .filter(
      (pid) =>
        procText(`${pid}/comm`)?.trim() === command &&
        folderNumbers(`/proc/${pid}/cwd`) === wanted &&
        processIdentity(pid) !== undefined,
    );
}

/** Device and inode; undefined when there is no such folder, or it is not ours to see. */
function folderNumbers(folder: string): string | undefined {
  try {
    const { dev, ino } = statSync(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
