/** Room for the mail that is to come. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findCluster, type Config } from '#runtime';
import { octets } from '../table.ts';
import { attempt, fail, ok, warn, type Finding } from './finding.ts';

/** Octets free below which the house is in danger, and below which it is worth a word. */
const DISK_FAIL = 256 * 1024 * 1024;
const DISK_WARN = 1024 * 1024 * 1024;

/** Stand-ins for what the machine has. */
export interface DiskOptions {
  /** Octets free for us on the file system of a folder. */
  readonly measure?: (folder: string) => Promise<number>;
  /** For /var/lib/posthouse. */
  readonly systemFolder?: string;
}

async function freeOctets(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export function disk(
  { dataDir, database }: Config,
  { measure = freeOctets, systemFolder }: DiskOptions = {},
): Promise<Finding> {
  return attempt('disk', 'set POSTHOUSE_DATA_DIR to a folder that exists', async () => {
    const isEmbedded = database.url === undefined;
    // The cluster fills the disk, and it need not lie in the data folder. Before the first start neither is there.
    const folder = (isEmbedded ? findCluster(dataDir, systemFolder) : undefined) ?? nearestFolder(dataDir);
    const free = await measure(folder);
    const what = `disk: ${octets(free)} free in ${folder}${isEmbedded ? '' : ' (the database is elsewhere)'}`;
    if (free < DISK_FAIL)
      return fail(what, 'make room: with a full disk mail is answered 451 and waits at its senders');
    return free < DISK_WARN ? warn(what, 'make room soon') : ok(what);
  });
}

const nearestFolder = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
