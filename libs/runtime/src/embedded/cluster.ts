/** The folder of the database: chosen once, made whole or not at all, never of another major version. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { errorCode, reasonOf } from '../errors.ts';
import { syncFolder } from '../data-folder.ts';
import { readHouse } from '../house-lock.ts';
import { takeKernelLock, type KernelLock } from '../kernel-lock.ts';
import type { Log } from '../log.ts';
import { canEnter, ownerOf, type Account } from './account.ts';
import { asAccount, proveToRun, SYSTEM_FOLDER, type Binaries } from './binaries.ts';
import { EmbeddedError } from './embedded-error.ts';

/** The superuser of the cluster and owner of the database. */
export const OWNER = 'posthouse';
const PASSWORD_FILE = 'posthouse.password';

export interface Cluster {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  /** Undefined: this process's own. */
  readonly account: Account | undefined;
}

/**
 * Where the cluster of this data folder is, or will be: where it was the last time, else `<data folder>/postgres`, else (where the account
 * cannot enter that) below `systemFolder`, under a name made of the data folder's path.
 */
export function locateCluster(dataDir: string, account: Account | undefined, systemFolder: string): Cluster {
  const { inside, outside } = places(dataDir, systemFolder);
  const existing = findCluster(dataDir, systemFolder);
  if (existing === undefined)
    return { folder: account === undefined || canEnter(dataDir, account) ? inside : outside, account };
  const owner = ownerOf(existing);
  if (owner && !canEnter(dirname(existing), owner))
    throw new EmbeddedError(
      `the user ${owner.name}, under whom the database runs, can no longer enter ${dirname(existing)}: chmod o+x it and the folders above`,
    );
  return { folder: existing, account: owner };
}

/** The folder of the cluster that this data folder has; undefined where there is none yet. Nothing is made or changed. */
export function findCluster(dataDir: string, systemFolder: string = SYSTEM_FOLDER): string | undefined {
  if (!existsSync(dataDir)) return undefined;
  const folder = realpathSync(dataDir);
  const { inside, outside } = places(folder, systemFolder);
  return [recordedCluster(folder, systemFolder), inside, outside].find((it) => it !== undefined && isCluster(it));
}

const places = (dataDir: string, systemFolder: string) => ({
  inside: join(dataDir, 'postgres'),
  outside: join(systemFolder, createHash('sha256').update(dataDir).digest('hex').slice(0, 16), 'postgres'),
});

/** Only where a cluster of this folder can be: a copied folder must not open the database of the one it was copied from. */
function recordedCluster(dataDir: string, systemFolder: string): string | undefined {
  try {
    const cluster = readHouse(dataDir)?.record.postgres?.cluster;
    const isOurs = cluster !== undefined && [dataDir, systemFolder].some((folder) => cluster.startsWith(`${folder}/`));
    return isOurs ? cluster : undefined;
  } catch {
    // A damaged record costs nothing here: the two known places are looked at next, and the start writes it anew.
    return undefined;
  }
}

const isCluster = (folder: string): boolean => existsSync(join(folder, 'PG_VERSION'));

/**
 * The data folder's lock does not cover a cluster that lies outside: a copy of the folder, or a folder of the same name in another container, leads
 * to it, too. Undefined for one inside. Throws EmbeddedError where another house has it.
 */
export function lockOutside({ folder }: Cluster, dataDir: string): KernelLock | undefined {
  const parent = dirname(folder);
  if (parent === dataDir) return undefined;
  let lock: KernelLock | undefined;
  try {
    mkdirSync(parent, { recursive: true });
    lock = takeKernelLock(join(parent, 'cluster.guard'));
  } catch (error) {
    throw new EmbeddedError(
      `cannot use the database folder ${folder}: ${reasonOf(error)}; check owner and free space of ${parent}`,
      { cause: error },
    );
  }
  if (lock !== undefined) return lock;
  throw new EmbeddedError(
    `another house runs on the database folder ${folder}: stop it, or delete house.json from ${dataDir} if that is a copy`,
  );
}

/** The superuser's password, kept beside the data it opens. */
export function ownerPassword({ folder }: Cluster): string {
  try {
    return readFileSync(join(folder, PASSWORD_FILE), 'utf8').trim();
  } catch (error) {
    throw new EmbeddedError(
      `cannot read ${join(folder, PASSWORD_FILE)} (${errorCode(error) ?? reasonOf(error)}): restore it from a backup, or set a new password with postgres --single and write it there`,
      { cause: error },
    );
  }
}

/** Makes the cluster if there is none, and says whether it did; refuses one of another major version. Throws EmbeddedError. */
export async function prepareCluster({ folder, account }: Cluster, binaries: Binaries, log: Log): Promise<boolean> {
  if (isCluster(folder)) {
    refuseOtherMajor(folder, binaries.major);
    return false;
  }
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new EmbeddedError(
      `${folder} holds files but no database (PG_VERSION is missing): move it away, or restore it whole from a backup`,
    );
  proveToRun(binaries, account);
  const parent = dirname(folder);
  const prefix = `${basename(folder)}.init-`;
  try {
    mkdirSync(parent, { recursive: true });
    // The house lock is held: a draft in here is nobody's but an interrupted initdb's.
    for (const entry of readdirSync(parent))
      if (entry.startsWith(prefix)) rmSync(join(parent, entry), { recursive: true, force: true });
    const draft = join(parent, prefix + randomBytes(4).toString('hex'));
    log.info({ cluster: folder, account: account?.name }, 'making the database folder');
    await makeDraft(draft, account, binaries);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    syncFolder(parent);
    return true;
  } catch (error) {
    if (error instanceof EmbeddedError) throw error;
    throw new EmbeddedError(
      `cannot make the database folder ${folder}: ${reasonOf(error)}; check owner and free space of ${parent}`,
      { cause: error },
    );
  }
}

function refuseOtherMajor(folder: string, major: number): void {
  const found = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  if (found === String(major)) return;
  throw new EmbeddedError(
    `${folder} was made by PostgreSQL ${found}, and this release runs PostgreSQL ${major}: ` +
      `dump it with the release that made it (pg_dump ${found}), move the folder away, start, and load the dump; nothing was changed`,
  );
}

async function makeDraft(draft: string, account: Account | undefined, binaries: Binaries): Promise<void> {
  const password = randomBytes(24).toString('base64url');
  const passwordFile = `${draft}.password`;
  mkdirSync(draft);
  chmodSync(draft, 0o700);
  writeOwned(passwordFile, password, account);
  if (account) chownSync(draft, account.uid, account.gid);
  try {
    const args = [
      '-D',
      draft,
      '-U',
      OWNER,
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--auth=scram-sha-256',
    ];
    const initdb = spawn(binaries.initdb, args, { ...asAccount(account), stdio: ['ignore', 'ignore', 'pipe'] });
    const [said, [code]] = await Promise.all([text(initdb.stderr), once(initdb, 'close')]);
    if (code !== 0) throw new EmbeddedError(`initdb of ${draft} failed: ${said.trim()}`);
    writeOwned(join(draft, PASSWORD_FILE), password, account);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function writeOwned(path: string, content: string, account: Account | undefined): void {
  writeFileSync(path, content, { mode: 0o600, flush: true });
  if (account) chownSync(path, account.uid, account.gid);
}
