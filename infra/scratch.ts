/**
 * Where tests keep their files: in memory where there is room, since their databases sync each commit as the product's do. Prints it when it is run.
 */
import { readFileSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';

const MEMORY = '/dev/shm';
const GIB = 1024 ** 3;
/** Octets that a whole run takes at most, and what stays for the processes. */
const NEEDED = 4 * GIB;
const LEFT = 4 * GIB;

export function scratchFolder(): string {
  return process.env['TMPDIR'] === undefined && hasRoom() ? MEMORY : tmpdir();
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= NEEDED && freemem() >= NEEDED + LEFT && runsPrograms();
  } catch {
    return false; // not Linux
  }
}

/** Some tests run copies of programs. */
function runsPrograms(): boolean {
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[1] === MEMORY);
  return mount !== undefined && !(mount.split(' ')[3] ?? '').split(',').includes('noexec');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(scratchFolder());
