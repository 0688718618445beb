/** A backup put in the place of the database folder: whole or not at all. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { HouseLock } from '../house-lock.ts';
import { reasonOf } from '../errors.ts';
import { unprivilegedAccount } from './account.ts';
import { backedUpCluster, COPY_MARK, readBackup, type BackupRecord } from './backup.ts';
import { SYSTEM_FOLDER } from './binaries.ts';
import { locateCluster, lockOutside } from './cluster.ts';
import { copyFiles, needRoom, syncPath } from './copy-files.ts';
import { EmbeddedError } from './embedded-error.ts';

export interface RestoreOptions {
  readonly onProgress?: (done: number, of: number) => void;
  /** What stands in for /var/lib/posthouse. */
  readonly systemFolder?: string;
}

/** Copies the backup to where the database of this house is started; the backup stays as it is. Throws EmbeddedError. */
export async function restoreBackup(
  house: HouseLock,
  backup: string,
  { onProgress, systemFolder = SYSTEM_FOLDER }: RestoreOptions = {},
): Promise<BackupRecord & { readonly cluster: string }> {
  const record = readBackup(backup);
  const cluster = locateCluster(house.dataDir, unprivilegedAccount(), systemFolder);
  const outside = lockOutside(cluster, house.dataDir);
  const { folder, account } = cluster;
  // Cleared by the next start where this is broken off (`prepareCluster`).
  const draft = join(dirname(folder), `${basename(folder)}.init-${randomBytes(4).toString('hex')}`);
  try {
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new EmbeddedError(`${folder} holds a database: move it away first, and keep it until you are sure`);
    await mkdir(dirname(folder), { recursive: true });
    await needRoom(dirname(folder), record.octets);
    await copyFiles({
      from: backedUpCluster(backup),
      to: draft,
      owner: account,
      skips: () => false,
      onProgress: (done) => onProgress?.(done, record.octets),
    });
    if (!existsSync(join(draft, COPY_MARK)) || !existsSync(join(draft, 'global', 'pg_control')))
      throw new EmbeddedError(`the backup in ${backup} is not whole: take another one`);
    await rename(draft, folder);
    await syncPath(dirname(folder));
    return { ...record, cluster: folder };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (error instanceof EmbeddedError) throw error;
    throw new EmbeddedError(`the backup was not restored to ${folder}: ${reasonOf(error)}`, { cause: error });
  } finally {
    outside?.release();
  }
}

/** Whether a cluster came from a backup and has not been served from since. */
export const isCopy = (cluster: string): boolean => existsSync(join(cluster, COPY_MARK));

/** What has to be done once to a copy is done, and durable. */
export async function forgetCopy(cluster: string): Promise<void> {
  await rm(join(cluster, COPY_MARK), { force: true });
  await syncPath(cluster);
}
