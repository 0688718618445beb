/** Takes the house and its database: the one set-up of `up`, `database`, and of commands that find no running house. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  HouseError,
  HouseLock,
  lastWords,
  reasonOf,
  refuseStaleFolder,
  startEmbedded,
  takeHouse,
  type Config,
  type HeldByPid,
  type Log,
  type TakeOptions,
} from '#runtime';
import { finishRestore } from './restored-copy.ts';

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

/** How the wait for a holder that may be dead is shown and ended. */
export type Waiting = Pick<TakeOptions, 'onWait' | 'signal'>;

/** The house for `up` and `database`. Throws HouseError when another process runs it. */
export async function holdHouse(
  config: Config,
  log: Log,
  purpose: 'house' | 'database',
  waiting: Waiting,
): Promise<HeldHouse> {
  refuseStaleFolder(config);
  const end = performance.now() + COMMAND_MS;
  for (;;) {
    const lock = await takeHouse(config.dataDir, purpose, waiting);
    if (lock instanceof HouseLock) return openHeld(config, lock, log);
    // A house that runs goes on running; a command is soon done.
    if (lock.purpose !== 'command' || performance.now() > end) throw new HouseError(whyHeld(config, lock));
    await sleep(LOOK_MS, undefined, { signal: waiting.signal });
  }
}

/** A process by its number, and whose number that is. */
export function holderName({ heldBy, elsewhere }: HeldByPid): string {
  if (elsewhere === undefined) return `process ${heldBy}`;
  const { kind, host } = elsewhere;
  return kind === 'namespace'
    ? `process ${heldBy} of another container or PID namespace (${host})`
    : `process ${heldBy} of another machine (${host}), whose heartbeat goes on`;
}

function whyHeld({ dataDir }: Config, held: HeldByPid): string {
  if (held.purpose === 'command')
    return `a command, ${holderName(held)}, works on the database of ${dataDir}: start again when it has ended`;
  const what = held.purpose === 'house' ? 'a house' : 'the database alone';
  const where = held.elsewhere === undefined ? '' : ' there';
  return `${what} runs on ${dataDir} already, as ${holderName(held)}: stop it${where} with "npx posthouse down", or set POSTHOUSE_DATA_DIR to another folder`;
}

/** Another process took this one for dead, and has the house: nothing is to be written any more, and nothing to be waited for. */
function leaveAtOnce({ dataDir }: HouseLock, log: Log): never {
  const words = `the house ${dataDir} was taken by another process, which saw no heartbeat of this one: leaving at once`;
  log.fatal(words);
  lastWords(`posthouse: ${words}`);
  process.exit(1);
}

/** Starts the embedded database of a house that is ours, or takes the configured one; migrates it. Lets go of the house when that fails. */
export async function openHeld(config: Config, lock: HouseLock, log: Log): Promise<HeldHouse> {
  lock.onLost(() => leaveAtOnce(lock, log));
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
      if (embedded) await finishRestore(embedded.cluster.folder, databaseUrl, log);
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

/** Runs what is missing of the schema; gives the names of the migrations. With `anew` roles are set in any case. Throws HouseError. */
export async function bringUpToDate(ownerUrl: string, options: { anew?: boolean } = {}): Promise<readonly string[]> {
  try {
    // Read while the database starts, with the first app.
    const [{ migrate }, { migrateBells }] = await Promise.all([import('#store'), import('#queue')]);
    return await migrate(ownerUrl, migrateBells, options);
  } catch (error) {
    if (error instanceof HouseError) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? ` (${reasonOf(error.cause)})` : '';
    throw new HouseError(
      `the database cannot be migrated: ${reasonOf(error)}${cause}; check POSTHOUSE_DATABASE_URL and that its user may create roles`,
      { cause: error },
    );
  }
}
