/** The data folder itself: made where it is missing, and written so that a power cut leaves whole files. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, reasonOf } from './errors.ts';

/** The data folder cannot be used; the message names it, the reason and the remedy. */
export class HouseError extends Error {
  override readonly name = 'HouseError';
}

/** Its path, absolute and without symbolic links. Throws HouseError. */
export function makeFolder(dataDir: string): string {
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

/** Replaces a file of the folder atomically and durably. Only its owner may read it. Throws HouseError. */
export function writeWhole(path: string, text: string, folder: string): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    renameSync(draft, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new HouseError(`cannot write ${path}: ${reasonOf(error)}; check owner and free space of ${folder}`, {
      cause: error,
    });
  }
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
