/** Which process a pid really is: pids are recycled, so a pid alone proves nothing after a `kill -9` or a reboot. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';

const HAS_PROC = existsSync('/proc/self/stat');

/** Text of a file below /proc; undefined when the process is gone or belongs to somebody else. */
function procText(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return undefined;
  }
}

/** A string that no other process, before or after, on this machine has; undefined when no such process runs (zombies count as gone). */
export function processIdentity(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (!HAS_PROC)
    return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim() || undefined;
  const stat = procText(`${pid}/stat`);
  if (stat === undefined) return undefined;
  // proc_pid_stat(5): the command name in parentheses may hold spaces; after it come state (3) … starttime (22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${procText('sys/kernel/random/boot_id')?.trim() ?? ''}:${fields[19] ?? ''}`;
}

/** The parent's pid; undefined when unknown. */
export function parentOf(pid: number): number | undefined {
  const stat = procText(`${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[1] === undefined ? undefined : Number(fields[1]);
}

/** Running processes named `command` whose working folder is `folder` (an absolute real path). Linux only: empty elsewhere. */
export function processesIn(folder: string, command: string): number[] {
  if (!HAS_PROC) return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d{1,10}$/.test(entry))
    .map(Number)
    .filter((pid) => procText(`${pid}/comm`)?.trim() === command && cwdOf(pid) === folder && processIdentity(pid));
}

function cwdOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
