/** Takes the house and its database: the one set-up of `up` and `database`. */
import { migrateBells } from '#queue';
import { acquireHouse, HouseError, startEmbedded, type Config, type HouseLock, type Log } from '#runtime';
import { migrate } from '#store';

export interface HeldHouse {
  readonly lock: HouseLock;
  /** The owner's URL. */
  readonly databaseUrl: string;
  /** Where the data lies, for people. */
  readonly place: string;
  /** Stops the database if it is ours, and lets go of the house. */
  release(): Promise<void>;
}

/** Starts the embedded database, or takes the configured one; migrates it. Throws HouseError when another process holds the house. */
export async function holdHouse(config: Config, log: Log): Promise<HeldHouse> {
  const lock = acquireHouse(config.dataDir);
  if ('heldBy' in lock) {
    throw new HouseError(
      `a house runs on ${config.dataDir} already, as process ${lock.heldBy}: ` +
        'stop it with "npx posthouse down", or set POSTHOUSE_DATA_DIR to another folder',
    );
  }
  try {
    const embedded = config.database.url === undefined ? await startEmbedded(lock, log) : undefined;
    const databaseUrl = embedded?.url ?? config.database.url ?? '';
    const release = async (): Promise<void> => {
      await embedded?.stop();
      lock.release();
    };
    try {
      const ran = await migrate(databaseUrl, migrateBells);
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
      release,
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
