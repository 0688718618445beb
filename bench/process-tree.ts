/** CPU of a process and everything below it (the house and the database it started), or of control groups. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** proc_pid_stat(5) counts in these. */
const TICKS_PER_SECOND = 100;

interface Process {
  readonly parent: number;
  readonly ticks: number;
}

function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // Behind the name, which may hold anything: state (3), parent (4), .. own user and system (14, 15), those of reaped children (16, 17).
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      found.set(pid, { parent: fields[1] ?? 0, ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) });
    } catch {
      // gone between the list and the look
    }
  }
  return found;
}

/** Seconds, user and system together, of the tree so far. */
export function cpuSeconds(root: number): number {
  const all = processes();
  const belongs = (pid: number): boolean => pid === root || (pid > 1 && belongs(all.get(pid)?.parent ?? 0));
  let ticks = 0;
  for (const [pid, process] of all) if (belongs(pid)) ticks += process.ticks;
  return ticks / TICKS_PER_SECOND;
}

/** The same of control groups: for servers whose processes come and go. */
export const groupSeconds = (groups: readonly string[]): number =>
  groups
    .map((group) => Number(readFileSync(`/sys/fs/cgroup/cpuacct/${group}/cpuacct.usage`, 'latin1')) / 1e9)
    .reduce((sum, seconds) => sum + seconds, 0);
