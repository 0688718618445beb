/** Copying a folder of database files so that a power cut afterwards leaves what was reported. */
import type { Stats } from 'node:fs';
import { lstat, mkdir, open, opendir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../errors.ts';
import { EmbeddedError } from './embedded-error.ts';

const MIB = 1024 * 1024;
/** Octets read at once. */
const CHUNK_OCTETS = MIB;
/** Files under way at once: each waits for its disk. */
const LANES = 4;
/** Octets that stay free in any case: a file system that is full to the last block fails its other users. */
const SPARE_OCTETS = 64 * MIB;

/** Who owns the copies; undefined: this process. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly owner: Owner | undefined;
  /** Relative paths of files that stay behind, and of folders of which only the folder itself is copied. */
  readonly skips: (path: string) => boolean;
  /** Octets copied so far. Throws to end the copy. */
  readonly onProgress: (octets: number) => Promise<void> | void;
}

interface Found {
  readonly folders: readonly string[];
  /** Relative paths, and octets when they were looked at. */
  readonly files: ReadonlyMap<string, number>;
}

/** What `copyFiles` would copy. Throws EmbeddedError on anything that is neither file nor folder. */
export async function listFiles(from: string, skips: (path: string) => boolean): Promise<Found> {
  const [folders, files]: [string[], Map<string, number>] = [[], new Map()];
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const name of await namesIn(join(from, folder))) {
      const path = join(folder, name);
      const found = await unlessGone(lstat(join(from, path)));
      if (found === undefined) continue;
      if (found.isDirectory()) {
        folders.push(path);
        if (!skips(path)) waiting.push(path);
      } else if (skips(path)) continue;
      else if (found.isFile()) files.set(path, found.size);
      else throw new EmbeddedError(`${join(from, path)} is no file of a database folder: it cannot be copied`);
    }
  }
  return { folders, files };
}

/** Files of a database at work come and go: one that is gone when it is read stays behind. Every copy and folder is synced. */
export async function copyFiles({ from, to, owner, skips, onProgress }: CopyOptions): Promise<number> {
  const { folders, files } = await listFiles(from, skips);
  await makeFolder(to, owner);
  for (const folder of folders) await makeFolder(join(to, folder), owner);
  const waiting = [...files.keys()];
  let octets = 0;
  const lane = async (): Promise<void> => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop())
      await copyFile(join(from, path), join(to, path), owner, async (more) => {
        octets += more;
        await onProgress(octets);
      });
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  for (const folder of [...folders, '']) await syncPath(join(to, folder));
  return octets;
}

async function copyFile(
  from: string,
  to: string,
  owner: Owner | undefined,
  onChunk: (octets: number) => Promise<void>,
): Promise<void> {
  const source = await unlessGone(open(from, 'r'));
  if (source === undefined) return;
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_OCTETS);
      for (;;) {
        const { bytesRead } = await source.read(chunk, 0, chunk.length);
        if (bytesRead === 0) break;
        await target.writeFile(chunk.subarray(0, bytesRead));
        await onChunk(bytesRead);
      }
      if (owner) await target.chown(owner.uid, owner.gid);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** A file of a few octets, whole and synced. */
export async function writeSynced(path: string, content: string | Buffer, owner: Owner | undefined): Promise<void> {
  const target = await open(path, 'w', 0o600);
  try {
    await target.writeFile(content);
    if (owner) await target.chown(owner.uid, owner.gid);
    await target.sync();
  } finally {
    await target.close();
  }
}

/** A file that is rewritten in place meanwhile, as it was at one moment. */
export async function readSteady(path: string): Promise<Buffer> {
  for (let last = await readFile(path); ;) {
    const now = await readFile(path);
    if (now.equals(last)) return now;
    last = now;
  }
}

export async function makeFolder(path: string, owner: Owner | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (owner === undefined) return;
  const folder = await open(path, 'r');
  try {
    await folder.chown(owner.uid, owner.gid);
  } finally {
    await folder.close();
  }
}

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Octets free to this process on the file system of a folder. */
export async function freeOctets(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Throws EmbeddedError where `octets` do not fit with something to spare. */
export async function needRoom(folder: string, octets: number): Promise<void> {
  const free = await freeOctets(folder);
  if (free >= octets + SPARE_OCTETS) return;
  throw new EmbeddedError(
    `the copy needs ${mib(octets + SPARE_OCTETS)} MiB, and ${folder} has ${mib(free)} MiB free: make room, or choose another folder`,
  );
}

export const mib = (octets: number): number => Math.ceil(octets / MIB);

/** The names in a folder that may be gone by now. */
async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  const found = await unlessGone(opendir(folder));
  for await (const { name } of found ?? []) names.push(name);
  return names;
}

async function unlessGone<T extends Stats | object>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
