/** The data folder as a house: one holder at a time (house.guard, house.lock), and where its database and listeners are (house.json). */
import { existsSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.ts';
import { HouseError, makeFolder, writeWhole } from './data-folder.ts';
import { errorCode, reasonOf } from './errors.ts';
import { Heartbeat, purposes, readHeartbeat, type Beating, type Holder } from './heartbeat.ts';
import { isKernelLocked, takeKernelLock, type KernelLock } from './kernel-lock.ts';
import { isVisible, processIdentity, whereabouts } from './process-identity.ts';

export { HouseError } from './data-folder.ts';

export type HousePurpose = z.infer<typeof purposes>;

const houseFile = z.object({
  pid: z.int().positive(),
  identity: z.string(),
  startedAt: z.iso.datetime(),
  /** The owner's URL, with its password: the file is 0600. */
  databaseUrl: z.string().optional(),
  postgres: z.object({ port: z.int().min(1).max(65_535), cluster: z.string() }).optional(),
  /** Ports really bound, by listener: smtp, pop3, imap, http. */
  listeners: z.record(z.string(), z.int()).default({}),
});
export type HouseRecord = z.infer<typeof houseFile>;

/** Another process holds the house. */
export interface HeldByPid {
  /** As its own PID namespace counts. */
  readonly heldBy: number;
  readonly purpose: HousePurpose;
  /** Only for a holder that this process cannot see or signal. */
  readonly elsewhere?: Elsewhere;
}

export interface Elsewhere {
  /** Another namespace of this kernel, as in another container; or another start of a machine, this one or another over a shared volume. */
  readonly kind: 'namespace' | 'boot';
  /** What that machine or container calls itself. */
  readonly host: string;
  /** Whether the ports of its loopback are not those of ours. */
  readonly ownNetwork: boolean;
  /** Another one with every beat. */
  readonly sign: string;
}

/** The kernel's lock: it has no content, and stays. */
const guardPath = (dataDir: string): string => join(dataDir, 'house.guard');
const lockPath = (dataDir: string): string => join(dataDir, 'house.lock');
const recordPath = (dataDir: string): string => join(dataDir, 'house.json');

/** How often a start looks who has the kernel's lock, and the milliseconds between two looks: a new holder has not yet said its name. */
const LOOKS = 20;
const LOOK_MS = 10;

export interface AcquireOptions {
  /** The sign of a holder of another boot that stood still long enough: its record is no hindrance. */
  readonly still?: string;
  /** Milliseconds between two heartbeats. */
  readonly beatMs?: number;
}

/**
 * Takes the house for this process until `release()` or its end, however it ends. The kernel decides, at once; only where the last holder is one
 * of another boot, it is named until the caller has seen it stand still (`takeHouse` does all that). Throws HouseError when the folder cannot be
 * made, written or locked.
 */
export function acquireHouse(
  dataDir: string,
  purpose: HousePurpose = 'house',
  options: AcquireOptions = {},
): HouseLock | HeldByPid {
  const folder = makeFolder(dataDir);
  for (let looks = 0; looks < LOOKS; looks++) {
    const guard = takeGuard(folder);
    const outcome = guard === undefined ? namedHolder(folder) : begin(folder, guard, purpose, options);
    if (outcome !== undefined) return outcome;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
  throw new HouseError(`cannot take ${guardPath(folder)}: other processes keep taking it; stop them and start again`);
}

function takeGuard(folder: string): KernelLock | undefined {
  try {
    return takeKernelLock(guardPath(folder));
  } catch (error) {
    throw new HouseError(
      `cannot write to the data folder ${folder}: ${reasonOf(error)}; check its owner, or set POSTHOUSE_DATA_DIR`,
      { cause: error },
    );
  }
}

/** Who has the kernel's lock; undefined while it has not said its name, or where it was only somebody's glance at the lock. */
function namedHolder(folder: string): HeldByPid | undefined {
  const found = lookAt(folder);
  return found === undefined || isGone(found) ? undefined : heldBy(found);
}

/** With the kernel's lock in hand. Undefined: somebody on another machine was faster. */
function begin(
  folder: string,
  guard: KernelLock,
  purpose: HousePurpose,
  { still, beatMs }: AcquireOptions,
): HouseLock | HeldByPid | undefined {
  let lock: HouseLock | undefined;
  try {
    const last = lookAt(folder);
    if (last !== undefined && last.bootId !== whereabouts().bootId && signOf(last) !== still) return heldBy(last);
    const over = last !== undefined || existsSync(lockPath(folder));
    lock = HouseLock.begin(folder, guard, purpose, { over, ...(beatMs !== undefined && { beatMs }) });
    return lock;
  } catch (error) {
    if (error instanceof HouseError) throw error;
    throw new HouseError(
      `cannot write to the data folder ${folder}: ${reasonOf(error)}; check its owner, or set POSTHOUSE_DATA_DIR`,
      { cause: error },
    );
  } finally {
    if (lock === undefined) guard.release();
  }
}

const signOf = ({ token, beat }: Beating): string => `${token}:${beat}`;

function heldBy(found: Beating): HeldByPid {
  const { pid, purpose, bootId, host, netNamespace } = found;
  if (isVisible(found)) return { heldBy: pid, purpose };
  const here = whereabouts();
  const kind = bootId === here.bootId ? 'namespace' : 'boot';
  const ownNetwork = kind === 'boot' || netNamespace !== here.netNamespace;
  return { heldBy: pid, purpose, elsewhere: { kind, host, ownNetwork, sign: signOf(found) } };
}

/** Known to have ended: only of what this process can see. */
const isGone = (found: Beating): boolean => isVisible(found) && processIdentity(found.pid) !== found.identity;

function lookAt(folder: string): Beating | undefined {
  try {
    return readHeartbeat(lockPath(folder));
  } catch (error) {
    throw unreadable(lockPath(folder), error);
  }
}

/** Held by this process. Only the holder writes house.json. */
export class HouseLock {
  /** Absolute, without symbolic links. */
  readonly dataDir: string;
  readonly #guard: KernelLock;
  readonly #onLost: (() => void)[] = [];
  #heartbeat: Heartbeat | undefined;
  #isLost = false;
  #record: HouseRecord;

  private constructor(dataDir: string, guard: KernelLock, { pid, identity }: Holder) {
    this.dataDir = dataDir;
    this.#guard = guard;
    this.#record = { pid, identity, startedAt: new Date().toISOString(), listeners: {} };
  }

  /** @internal By `acquireHouse`. */
  static begin(
    dataDir: string,
    guard: KernelLock,
    purpose: HousePurpose,
    how: { readonly over: boolean; readonly beatMs?: number },
  ): HouseLock | undefined {
    const identity = processIdentity(process.pid) ?? '';
    const me: Holder = { pid: process.pid, identity, purpose, ...whereabouts(), token: randomUUID() };
    const lock = new HouseLock(dataDir, guard, me);
    lock.#heartbeat = Heartbeat.begin(lockPath(dataDir), me, how, () => lock.#lose());
    return lock.#heartbeat === undefined ? undefined : lock;
  }

  /** Whether the house is still this process's. */
  isOurs(): boolean {
    return !this.#isLost && this.#heartbeat?.isOurs() === true;
  }

  /**
   * Called when another holder is found in the place of this one, which took it for dead: whatever writes is to end at once and to leave all files
   * as they are. What was given last is called first.
   */
  onLost(end: () => void): void {
    this.#onLost.unshift(end);
  }

  #lose(): void {
    this.#isLost = true;
    for (const end of this.#onLost) end();
  }

  /** Adds to house.json; the file is replaced atomically and survives a power cut whole. */
  record(facts: Partial<Pick<HouseRecord, 'databaseUrl' | 'postgres' | 'listeners'>>): void {
    this.#record = { ...this.#record, ...facts };
    if (!this.#isLost) writeWhole(recordPath(this.dataDir), JSON.stringify(this.#record, undefined, 2), this.dataDir);
  }

  /** Gives the house up. house.json stays, as the record of where the cluster is. Idempotent. */
  release(): void {
    this.#heartbeat?.end();
    this.#guard.release();
  }
}

/** For what is only told: a holder of another boot whose record is older does not run any more, or its clock is wrong. */
const TOLD_MS = 60_000;

/** Who holds the house now: running, starting, stopping, or a command that needed its database. */
export function houseHolder(dataDir: string): HeldByPid | undefined {
  const found = livingHolder(dataDir);
  return found && heldBy(found);
}

function livingHolder(dataDir: string): Beating | undefined {
  const found = lookAt(dataDir);
  if (found === undefined || isGone(found)) return undefined;
  if (found.bootId !== whereabouts().bootId)
    return Math.abs(Date.now() - Date.parse(found.at)) < TOLD_MS ? found : undefined;
  try {
    return isKernelLocked(guardPath(dataDir)) ? found : undefined;
  } catch (error) {
    throw unreadable(guardPath(dataDir), error);
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
    const holder = livingHolder(dataDir);
    const isHolder = holder?.pid === record.pid && holder.identity === record.identity;
    return { record, running: isHolder && holder.purpose !== 'command' && holder.bootId === whereabouts().bootId };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    if (error instanceof HouseError) throw error;
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
