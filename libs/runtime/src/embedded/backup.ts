/**
 * A copy of the embedded database while it works, by PostgreSQL's functions for base backups: the files as they are read, and the log that was
 * written meanwhile. The server that starts on the copy replays it, and has what was committed when the copy ended.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { Client } from 'pg';
import { z } from 'zod';
import { reasonOf } from '../errors.ts';
import {
  copyFiles,
  freeOctets,
  listFiles,
  makeFolder,
  mib,
  needRoom,
  readSteady,
  syncPath,
  writeSynced,
} from './copy-files.ts';
import { EmbeddedError } from './embedded-error.ts';

/** In the copy of a cluster: it is one, and nobody has served from it yet. */
export const COPY_MARK = 'posthouse.copy';
/** In the target: written last, so a folder with it is whole. */
const RECORD = 'backup.json';
/** In the target: written first. What lies beside it is of a run that was broken off, and is thrown away by the next. */
const UNFINISHED = 'backup.unfinished';
/** Of the copied cluster below the target: a target is made like a data folder, and can be used as one. */
const CLUSTER = 'postgres';
const CONTROL = join('global', 'pg_control');

/** Free space of the house below which a backup gives way: the log that it keeps back must not stop mail. */
const HOUSE_KEEPS_OCTETS = 512 * 1024 * 1024;

const recordSchema = z.object({
  takenAt: z.string(),
  /** Major version. */
  postgres: z.number().int(),
  octets: z.number(),
});
export type BackupRecord = z.infer<typeof recordSchema>;

export interface BackupOptions {
  /** The owner's URL of the running database. */
  readonly ownerUrl: string;
  readonly dataDir: string;
  readonly cluster: string;
  readonly target: string;
  /** Octets copied and to be copied, about. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Of no use to a copy (PostgreSQL, "Making a Base Backup Using the Low Level API"), or made new by us. */
const EMPTY_FOLDERS = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const LEFT_OUT = new Set(['postmaster.pid', 'postmaster.opts', 'backup_label', 'tablespace_map', COPY_MARK, CONTROL]);
const skips = (path: string): boolean =>
  EMPTY_FOLDERS.has(path) ||
  LEFT_OUT.has(path) ||
  basename(path).startsWith('pgsql_tmp') ||
  basename(path).startsWith('pg_internal.init');

/** @returns what was copied. Throws EmbeddedError, and leaves no file behind then. */
export async function backUp(options: BackupOptions): Promise<BackupRecord> {
  const target = resolve(options.target);
  refuseTarget(target, [options.dataDir, options.cluster]);
  const { files } = await listFiles(options.cluster, skips);
  const octets = [...files.values()].reduce((sum, size) => sum + size, 0);
  const client = new Client({ connectionString: options.ownerUrl, application_name: 'posthouse backup' });
  // A server that goes away shows in the next statement.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await refuseOthersServer(client, options.cluster);
    await mkdir(target, { recursive: true, mode: 0o711 });
    for (const name of await readdir(target)) await rm(join(target, name), { recursive: true, force: true });
    await needRoom(target, octets);
    await writeSynced(join(target, UNFINISHED), '', undefined);
    return await copy(client, { ...options, target }, octets);
  } catch (error) {
    if (existsSync(join(target, UNFINISHED)))
      for (const name of await readdir(target)) await rm(join(target, name), { recursive: true, force: true });
    if (error instanceof EmbeddedError) throw error;
    throw new EmbeddedError(`no backup was made in ${target}: ${reasonOf(error)}`, { cause: error });
  } finally {
    // Ends a backup that was not finished, and lets go of the log.
    await client.end().catch(() => undefined);
  }
}

/** Throws EmbeddedError unless the target is missing, empty, or holds a backup that was broken off, away from the house. */
function refuseTarget(target: string, house: readonly string[]): void {
  const real = realPath(target);
  for (const folder of house.map(realPath))
    if (`${real}${sep}`.startsWith(`${folder}${sep}`))
      throw new EmbeddedError(
        `${target} lies in the house itself, ${folder}: choose a folder elsewhere, best on another disk`,
      );
  if (!existsSync(target)) return;
  if (!statSync(target).isDirectory()) throw new EmbeddedError(`${target} is no folder: choose a new or an empty one`);
  const names = readdirSync(target);
  if (names.length > 0 && !names.includes(UNFINISHED))
    throw new EmbeddedError(`${target} is not empty: choose a new or an empty folder`);
}

/** Of a path whose last parts may be missing. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent), basename(path));
}

/** The files of one cluster with the label of another one would be no backup. */
async function refuseOthersServer(client: Client, cluster: string): Promise<void> {
  const { rows } = await client.query<{ folder: string }>(`select current_setting('data_directory') as folder`);
  if (rows[0]?.folder !== cluster)
    throw new EmbeddedError(`the database runs in ${rows[0]?.folder}, not in ${cluster}: start the house anew`);
}

async function copy(
  client: Client,
  { cluster, target, onProgress }: BackupOptions,
  expected: number,
): Promise<BackupRecord> {
  const { uid, gid } = statSync(cluster);
  const owner = process.getuid?.() === 0 ? { uid, gid } : undefined;
  const to = join(target, CLUSTER);
  // Keeps the log from here on, and is gone with the connection.
  await client.query('select pg_create_physical_replication_slot($1, true, true)', [
    `posthouse_backup_${randomBytes(8).toString('hex')}`,
  ]);
  const started = await client.query<{ first: string }>(
    `select pg_walfile_name(pg_backup_start('posthouse backup', fast => true)) as first`,
  );
  const takenAt = new Date().toISOString();
  const guard = await houseRoom(cluster);
  const octets = await copyFiles({
    from: cluster,
    to,
    owner,
    skips,
    onProgress: async (done) => {
      await guard();
      onProgress?.(done, Math.max(expected, done));
    },
  });
  const control = await readSteady(join(cluster, CONTROL));
  const stopped = await client.query<{ label: string; spaces: string | null; last: string }>(
    `select labelfile as label, spcmapfile as spaces, pg_walfile_name(lsn - 1) as last from pg_backup_stop(wait_for_archive => false)`,
  );
  const [{ first }, { label, spaces, last }] = [rowOf(started.rows), rowOf(stopped.rows)];
  if (spaces !== null && spaces !== '') throw new EmbeddedError('the database has tablespaces, which cannot be copied');
  const log = await copyLog(cluster, to, owner, { first, last });
  await writeSynced(join(to, 'backup_label'), label, owner);
  await writeSynced(join(to, COPY_MARK), `${takenAt}\n`, owner);
  // Last: no server starts without it, so not on half a copy either.
  await writeSynced(join(to, CONTROL), control, owner);
  for (const folder of [join(to, 'global'), to, target]) await syncPath(folder);
  const record = {
    takenAt,
    postgres: Number(readFileSync(join(cluster, 'PG_VERSION'), 'utf8')),
    octets: octets + log,
  };
  await writeSynced(join(target, RECORD), `${JSON.stringify(record)}\n`, undefined);
  await rm(join(target, UNFINISHED));
  for (const folder of [target, dirname(target)]) await syncPath(folder);
  return record;
}

function rowOf<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new EmbeddedError('the database did not answer: start the backup again');
  return row;
}

/** The segments from the first to the last, which the copy replays. */
async function copyLog(
  cluster: string,
  to: string,
  owner: { uid: number; gid: number } | undefined,
  { first, last }: { readonly first: string; readonly last: string },
): Promise<number> {
  const isOurs = (name: string): boolean =>
    (/^[0-9A-F]{24}$/.test(name) && name >= first && name <= last) || /^[0-9A-F]{8}\.history$/.test(name);
  const names = new Set(readdirSync(join(cluster, 'pg_wal')).filter(isOurs));
  if (!names.has(first) || !names.has(last))
    throw new EmbeddedError('the log of the time of the copy is not whole: start the backup again');
  await makeFolder(join(to, 'pg_wal'), owner);
  return copyFiles({
    from: join(cluster, 'pg_wal'),
    to: join(to, 'pg_wal'),
    owner,
    skips: (path) => !isOurs(path),
    onProgress: () => undefined,
  });
}

/** Throws, when called, once the disk of the house is nearly full: the log that is kept for the copy could be what fills it. */
async function houseRoom(cluster: string): Promise<() => Promise<void>> {
  const least = Math.min(HOUSE_KEEPS_OCTETS, (await freeOctets(cluster)) / 2);
  return async () => {
    const free = await freeOctets(cluster);
    if (free < least)
      throw new EmbeddedError(
        `the disk of the house has ${mib(free)} MiB free: the backup gives way, so that mail goes on; make room there and start it again`,
      );
  };
}

/** What `backUp` wrote of a finished backup. Throws EmbeddedError where there is none. */
export function readBackup(folder: string): BackupRecord {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(folder, RECORD), 'utf8')));
  } catch (error) {
    throw new EmbeddedError(
      `${folder} holds no finished backup (${existsSync(join(folder, RECORD)) ? `${RECORD} cannot be read` : `${RECORD} is missing`}): name a folder that posthouse backup has written`,
      { cause: error },
    );
  }
}

export const backedUpCluster = (folder: string): string => join(folder, CLUSTER);
