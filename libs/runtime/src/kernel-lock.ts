/**
 * A file that one living process holds, by the word of the kernel: across PID, mount and network namespaces, and gone with the process,
 * however it ends. The launcher takes one too, before anything is built: so nothing but Node is imported here.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Milliseconds in which another one's glance (`isKernelLocked`) passes; a holder goes on holding. */
const GLANCE_MS = 250;
/** SQLite's primary result code where another one holds the lock. */
const SQLITE_BUSY = 5;

/** The file cannot be locked; the message says why. */
export class KernelLockError extends Error {
  override readonly name = 'KernelLockError';
}

export interface KernelLock {
  /** Gives it up; the file stays, because one that is removed could be held twice. Idempotent. */
  release(): void;
}

/** What nobody refers to any more would be closed by the garbage collection, and a closed one is given up. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock until `release()` or the end of this process; undefined where somebody has it, this very process included. The file is made
 * where it is missing. It must be nobody else's business: a process that opens and closes it by other means gives up its own lock (fcntl(2)).
 * Throws KernelLockError.
 */
export function takeKernelLock(path: string): KernelLock | undefined {
  makeFile(path);
  const lock = tryLock(path, GLANCE_MS);
  if (lock === undefined) return undefined;
  held.add(lock);
  return {
    release() {
      if (held.delete(lock)) lock.close();
    },
  };
}

/** Whether a living process has the lock now. Throws KernelLockError. */
export function isKernelLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const lock = tryLock(path, 0);
  lock?.close();
  return lock === undefined;
}

/** Only for the eyes and locks of its owner. */
function makeFile(path: string): void {
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw new KernelLockError(reasonOf(error), { cause: error });
  }
}

/**
 * Node has no call for a lock, but brings SQLite, which takes fcntl(2) locks on its file. BEGIN IMMEDIATE takes the byte that only one
 * connection can have (RESERVED), and nothing is ever written: the file stays empty.
 */
function tryLock(path: string, timeout: number): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE');
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw new KernelLockError(`cannot lock ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** The result code's low octet is the primary one. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  (error.errcode & 0xff) === SQLITE_BUSY;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
