/** A command's way to the database: the running house, the one of POSTHOUSE_DATABASE_URL, or one started for this command. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectoryStore, HeldMailStore, LoginFailureStore, TraceStore } from '#domain';
import {
  findCluster,
  findDatabase,
  HouseError,
  houseHolder,
  HouseLock,
  reasonOf,
  refuseOtherDatabase,
  refuseStaleFolder,
  roleUrl,
  silentLog,
  takeHouse,
  waitForDatabase,
  type Config,
  type HeldByPid,
} from '#runtime';
import { Database, PgDirectoryStore, PgHeldMailStore, PgLoginFailureStore, PgTraceStore } from '#store';
import { EXIT } from './failure.ts';
import { holderName, openHeld } from './house-database.ts';
import { refuseStrangeHouse } from './strange-house.ts';
import type { Terminal } from './terminal.ts';

export interface OpenHouse {
  readonly directory: DirectoryStore;
  readonly trace: TraceStore;
  readonly heldMail: HeldMailStore;
  readonly logins: LoginFailureStore;
  /** The owner's URL; also that of one role where only that was given. */
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** Connections of one command. */
const POOL = 2;

export function connectHouse(databaseUrl: string, onClose: () => Promise<void> = async () => undefined): OpenHouse {
  const database = new Database({ url: roleUrl(databaseUrl, 'posthouse_api'), name: 'posthouse cli', poolSize: POOL });
  return {
    directory: new PgDirectoryStore(database),
    trace: new PgTraceStore(database),
    heldMail: new PgHeldMailStore(database),
    logins: new PgLoginFailureStore(database),
    databaseUrl,
    async close() {
      await database.close();
      await onClose();
    },
  };
}

/** Throws HouseError or EmbeddedError when there is no database to be had. */
export async function openHouse(config: Config, terminal: Terminal): Promise<OpenHouse> {
  const { url, stop } = await openDatabase(config, terminal);
  return connectHouse(url, stop);
}

/** Milliseconds a command waits for a house that starts or stops, or for another command; and between two looks. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 100;

/** What to say in a folder where nobody ever started a house, most often the wrong one; undefined where one lives, or is being made. */
export function noHouseHere({ dataDir, database }: Config): string | undefined {
  const isThere =
    database.url !== undefined || findCluster(dataDir) !== undefined || houseHolder(dataDir) !== undefined;
  return isThere ? undefined : `no house lives in ${dataDir}: run npm start, or set POSTHOUSE_DATA_DIR`;
}

/** Throws HouseError in such a folder. */
export function needHouse(config: Config): void {
  const words = noHouseHere(config);
  if (words !== undefined) throw new HouseError(words);
}

export interface OpenDatabase {
  /** The owner's. */
  readonly url: string;
  /** Names of the migrations that its start had to run. */
  readonly ran: readonly string[];
  /** Gives back what was started for the command. */
  readonly stop: () => Promise<void>;
}

/** One that somebody else runs. */
const foreign = (url: string): OpenDatabase => ({ url, ran: [], stop: async () => undefined });

/**
 * In the wrong folder a new, empty house would answer every question:
 * so only a command that is there to make one does.
 */
export async function openDatabase(
  config: Config,
  terminal: Terminal,
  { makesHouse = false }: { makesHouse?: boolean } = {},
): Promise<OpenDatabase> {
  if (config.database.url !== undefined) {
    await refuseOtherDatabase(config, config.database.url);
    return foreign(config.database.url);
  }
  const end = performance.now() + PATIENCE_MS;
  for (let looks = 1; ; looks++) {
    const running = findDatabase(config);
    const fault = running === undefined ? undefined : await connectFault(running);
    if (running !== undefined && fault === undefined) {
      await refuseOtherDatabase(config, running);
      return foreign(running);
    }
    refuseStaleFolder(config);
    if (!makesHouse) needHouse(config);
    await refuseStrangeHouse(config);
    const lock = await takeHouse(config.dataDir, 'command', {
      onWait: (words) => terminal.err(`posthouse: ${words}`),
    });
    if (lock instanceof HouseLock) return startForCommand(config, lock, terminal);
    if (isOutOfReach(lock)) throw new HouseError(whyOutOfReach(config, lock));
    if (performance.now() > end) throw new HouseError(whyNotReached(lock, fault));
    if (looks === 2 && terminal.isInteractive) terminal.err(`waiting for ${holderName(lock)}, which has the house`);
    await sleep(LOOK_MS);
  }
}

/** Its database listens on a loopback that is not ours, however long we wait. */
const isOutOfReach = ({ purpose, elsewhere }: HeldByPid): boolean =>
  purpose !== 'command' && elsewhere?.ownNetwork === true;

const whyOutOfReach = ({ dataDir }: Config, held: HeldByPid): string =>
  `the house of ${dataDir} runs as ${holderName(held)}, and its database cannot be reached from here: run the command there`;

const whyNotReached = ({ heldBy, purpose }: HeldByPid, fault: string | undefined): string =>
  purpose === 'command'
    ? `another command, process ${heldBy}, has had the database for ${PATIENCE_MS / 1000} s: try again when it has ended`
    : `process ${heldBy} starts or stops the house, and its database did not answer for ${PATIENCE_MS / 1000} s${fault === undefined ? '' : ` (${fault})`}: its log says why; try again`;

/** Why the database cannot be reached; undefined where it can. */
async function connectFault(url: string): Promise<string | undefined> {
  try {
    await waitForDatabase(url, silentLog(), 0);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

async function startForCommand(config: Config, lock: HouseLock, terminal: Terminal): Promise<OpenDatabase> {
  if (terminal.isInteractive) terminal.err('the house is not running: starting its database for this command');
  for (const signal of SIGNALS) process.once(signal, leave);
  try {
    const held = await openHeld(config, lock, silentLog());
    return { url: held.databaseUrl, ran: held.ran, stop: () => held.release().finally(forget) };
  } catch (error) {
    forget();
    throw error;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Left by a signal's default, the database would go on alone; at an exit it is told to end. */
const leave = (): void => process.exit(EXIT.difference);

const forget = (): void => {
  for (const signal of SIGNALS) process.off(signal, leave);
};
