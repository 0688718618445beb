/** The data folder as a house: one holder at a time (house.lock), and where its database and listeners are (house.json). */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.ts';
import { errorCode, reasonOf } from './errors.ts';
import { isAlive, ownHolder, readHolder, takeLock, type LockOutcome } from './process-lock.ts';

/** What the holder runs: the house or its database alone until a signal ends it, or the database for the length of one command. */
const purposes = z.enum(['house', 'database', 'command']);
export type HousePurpose = z.infer<typeof purposes>;

const identity = z.object({ pid: z.int().positive(), identity: z.string().min(1) });
const holder = identity.extend({ purpose: purposes.default('house') });
type Holder = z.infer<typeof holder>;
const readHouseHolder = (json: unknown): Holder => holder.parse(json);

const houseFile = identity.extend({
  startedAt: z.iso.datetime(),
  /** The owner's URL, with its password: the file is 0600. */
  databaseUrl: z.string().optional(),
  postgres: z.object({ port: z.int().min(1).max(65_535), cluster: z.string() }).optional(),
  /** Ports really bound, by listener: smtp, pop3, imap, http. */
  listeners: z.record(z.string(), z.int()).default({}),
});
export type HouseRecord = z.infer<typeof houseFile>;

/** The data folder cannot be used; the message names it, the reason and the remedy. */
export class HouseError extends Error {
  override readonly name = 'HouseError';
}

/** Another process holds the house. */
export interface HeldByPid {
  readonly heldBy: number;
  readonly purpose: HousePurpose;
}

const lockPath = (dataDir: string): string => join(dataDir, 'house.lock');
const recordPath = (dataDir: string): string => join(dataDir, 'house.json');

/** Takes the house for this process until `release()` or its end, however it ends. Throws HouseError when the folder cannot be made or written. */
export function acquireHouse(dataDir: string, purpose: HousePurpose = 'house'): HouseLock | HeldByPid {
  const folder = makeFolder(dataDir);
  const me: Holder = { ...ownHolder(), purpose };
  const outcome = take(folder, me);
  switch (outcome.kind) {
    case 'taken':
      return new HouseLock(folder, me);
    case 'held':
      return { heldBy: outcome.by.pid, purpose: outcome.by.purpose };
    case 'contested':
      throw new HouseError(
        `cannot take ${lockPath(folder)}: other processes keep taking it; stop them and start again`,
      );
  }
}

function take(folder: string, me: Holder): LockOutcome<Holder> {
  try {
    return takeLock(lockPath(folder), me, readHouseHolder);
  } catch (error) {
    throw new HouseError(
      `cannot write to the data folder ${folder}: ${reasonOf(error)}; check its owner, or set POSTHOUSE_DATA_DIR`,
      { cause: error },
    );
  }
}

/** Held by this process. Only the holder writes house.json. */
export class HouseLock {
  /** Absolute, without symbolic links. */
  readonly dataDir: string;
  readonly #holder: Holder;
  #record: HouseRecord;

  constructor(dataDir: string, me: Holder) {
    this.dataDir = dataDir;
    this.#holder = me;
    this.#record = { pid: me.pid, identity: me.identity, startedAt: new Date().toISOString(), listeners: {} };
  }

  /** Adds to house.json; the file is replaced atomically and survives a power cut whole. */
  record(facts: Partial<Pick<HouseRecord, 'databaseUrl' | 'postgres' | 'listeners'>>): void {
    this.#record = { ...this.#record, ...facts };
    writeWhole(recordPath(this.dataDir), JSON.stringify(this.#record, undefined, 2), this.dataDir);
  }

  /** Gives the house up. house.json stays, as the record of where the cluster is. */
  release(): void {
    if (readHolder(lockPath(this.dataDir), readHouseHolder)?.identity === this.#holder.identity)
      rmSync(lockPath(this.dataDir), { force: true });
  }
}

/** Who holds the house now: running, starting, stopping, or a command that needed its database. */
export function houseHolder(dataDir: string): HeldByPid | undefined {
  try {
    const found = readHolder(lockPath(dataDir), readHouseHolder);
    return found && isAlive(found) ? { heldBy: found.pid, purpose: found.purpose } : undefined;
  } catch (error) {
    throw unreadable(lockPath(dataDir), error);
  }
}

/**
 * What house.json says, and whether the house it tells of is held by the process that wrote it. A command that needed the database
 * for itself is no running house: its database ends with it. Undefined: nobody lived here yet.
 */
export function readHouse(dataDir: string): { readonly record: HouseRecord; readonly running: boolean } | undefined {
  const path = recordPath(dataDir);
  try {
    const record = houseFile.parse(JSON.parse(readFileSync(path, 'utf8')));
    const current = readHolder(lockPath(dataDir), readHouseHolder);
    const isHolder = current?.pid === record.pid && current.identity === record.identity;
    return { record, running: isHolder && current.purpose !== 'command' && isAlive(record) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): HouseError {
  const remedy =
    errorCode(error) === 'EACCES'
      ? 'run the command as the user who runs the house'
      : 'remove it and start the house again';
  return new HouseError(`cannot read ${path} (${errorCode(error) ?? 'not valid'}): ${remedy}`, { cause: error });
}

/** The owner's database URL: the setting, else that of the running house of the data folder, else undefined. */
export function findDatabase(config: Config): string | undefined {
  if (config.database.url !== undefined) return config.database.url;
  const house = readHouse(config.dataDir);
  return house?.running ? house.record.databaseUrl : undefined;
}

function makeFolder(dataDir: string): string {
  if (existsSync(dataDir) && !statSync(dataDir).isDirectory())
    throw new HouseError(`the data folder ${dataDir} is no folder: set POSTHOUSE_DATA_DIR to one`);
  try {
    if (!existsSync(dataDir)) {
      makeWithParents(dataDir);
      // The account of the database must pass through, whatever the umask; nothing in here is readable by it.
      chmodSync(dataDir, 0o711);
    }
    return realpathSync(dataDir);
  } catch (error) {
    throw new HouseError(
      `cannot make the data folder ${dataDir} (${errorCode(error) ?? reasonOf(error)}): make it yourself, or set POSTHOUSE_DATA_DIR`,
      { cause: error },
    );
  }
}

/** Not mkdir's own `recursive`: on file systems where nothing can be made, such as /proc, that tries for ever. */
function makeWithParents(folder: string): void {
  if (existsSync(folder)) return;
  makeWithParents(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process was faster.
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

function writeWhole(path: string, text: string, folder: string): void {
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncFolder(folder);
}

/** Makes renames in a folder durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
