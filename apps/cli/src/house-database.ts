/** Takes the house and its database: the one set-up of `up`, `database`, and of commands that find no running house. */
import { setTimeout as sleep } from 'node:timers/promises';
import { migrateBells } from '#queue';
import {
  acquireHouse,
  HouseError,
  HouseLock,
  reasonOf,
  startEmbedded,
  type Config,
  type HeldByPid,
  type Log,
} from '#runtime';
import { migrate } from '#store';

export interface HeldHouse {
  readonly lock: HouseLock;
  /** The owner's URL. */
  readonly databaseUrl: string;
  /** Where the data lies, for people. */
  readonly place: string;
  /** Names of the migrations that were missing. */
  readonly ran: readonly string[];
  /** Stops the database if it is ours, and lets go of the house. Idempotent. */
  release(): Promise<void>;
}

/** Milliseconds to wait for a command that has the database of the house to itself, and between two looks. */
const COMMAND_MS = 30_000;
const LOOK_MS = 100;

/** The house for `up` and `database`. Throws HouseError when another process runs it. */
export async function holdHouse(config: Config, log: Log, purpose: 'house' | 'database'): Promise<HeldHouse> {
  const end = performance.now() + COMMAND_MS;
  for (;;) {
    const lock = acquireHouse(config.dataDir, purpose);
    if (lock instanceof HouseLock) return openHeld(config, lock, log);
    // A house that runs goes on running; a command is soon done.
    if (lock.purpose !== 'command' || performance.now() > end) throw new HouseError(whyHeld(config, lock));
    await sleep(LOOK_MS);
  }
}

function whyHeld({ dataDir }: Config, { heldBy, purpose }: HeldByPid): string {
  if (purpose === 'command')
    return `a command, process ${heldBy}, works on the database of ${dataDir}: start again when it has ended`;
  const what = purpose === 'house' ? 'a house' : 'the database alone';
  return `${what} runs on ${dataDir} already, as process ${heldBy}: stop it with "npx posthouse down", or set POSTHOUSE_DATA_DIR to another folder`;
}

/** Starts the embedded database of a house that is ours, or takes the configured one; migrates it. Lets go of the house when that fails. */
export async function openHeld(config: Config, lock: HouseLock, log: Log): Promise<HeldHouse> {
  try {
    const embedded = config.database.url === undefined ? await startEmbedded(lock, log) : undefined;
    const databaseUrl = embedded?.url ?? config.database.url ?? '';
    const release = async (): Promise<void> => {
      await embedded?.stop();
      lock.release();
    };
    let ran: readonly string[];
    try {
      ran = await bringUpToDate(databaseUrl);
      if (ran.length > 0) log.info({ migrations: ran }, 'schema brought up to date');
    } catch (error) {
      await release();
      throw error;
    }
    lock.record({ databaseUrl });
    return {
      lock,
      databaseUrl,
      place: embedded ? `embedded PostgreSQL in ${embedded.cluster.folder}` : 'PostgreSQL by POSTHOUSE_DATABASE_URL',
      ran,
      release,
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Runs what is missing of the schema; gives the names of the migrations. Throws HouseError. */
export async function bringUpToDate(ownerUrl: string): Promise<readonly string[]> {
  try {
    return await migrate(ownerUrl, migrateBells);
  } catch (error) {
    if (error instanceof HouseError) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? ` (${reasonOf(error.cause)})` : '';
    throw new HouseError(
      `the database cannot be migrated: ${reasonOf(error)}${cause}; check POSTHOUSE_DATABASE_URL and that its user may create roles`,
      { cause: error },
    );
  }
}
