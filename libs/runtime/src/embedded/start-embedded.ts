/** The embedded PostgreSQL: from a data folder to a database URL. */
import { join } from 'node:path';
import { Client } from 'pg';
import { readHouse, type HouseLock, type HouseRecord } from '../house-lock.ts';
import type { Log } from '../log.ts';
import { unprivilegedAccount, type Account } from './account.ts';
import { findBinaries, SYSTEM_FOLDER, type Binaries } from './binaries.ts';
import { locateCluster, lockOutside, OWNER, ownerPassword, prepareCluster, type Cluster } from './cluster.ts';
import { EmbeddedError } from './embedded-error.ts';
import { freePort } from './free-port.ts';
import { clearLeftovers } from './leftovers.ts';
import { Postmaster, PortTaken } from './postmaster.ts';
import { reasonOf } from '../errors.ts';

const DATABASE = 'posthouse';
/** Other programs take a port between our look and the server's start only by rare chance; more than this is no chance. */
const PORT_TRIES = 5;

export interface EmbeddedOptions {
  /** Users to run as when started as root, in order of preference. */
  readonly accounts?: readonly string[];
  /** What stands in for /var/lib/posthouse. */
  readonly systemFolder?: string;
}

export interface EmbeddedDatabase {
  /** The owner's URL, with its password. */
  readonly url: string;
  readonly port: number;
  readonly cluster: Cluster;
  /** The server's pid now; another one after it died and was started again. */
  readonly pid: () => number | undefined;
  /** Clean shutdown; resolves when the server is gone. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the database of the house and keeps it running, whatever the last run left behind. Makes folder, cluster and database
 * `posthouse` where they are missing; writes port and place to house.json. Throws EmbeddedError.
 */
export async function startEmbedded(
  house: HouseLock,
  log: Log,
  options: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> {
  const systemFolder = options.systemFolder ?? SYSTEM_FOLDER;
  const cluster = locateCluster(house.dataDir, unprivilegedAccount(options.accounts), systemFolder);
  const outside = lockOutside(cluster, house.dataDir);
  try {
    const database = await startCluster(house, cluster, findBinaries(cluster.account, systemFolder), log);
    const stop = (): Promise<void> => database.stop().finally(() => outside?.release());
    return { ...database, stop };
  } catch (error) {
    outside?.release();
    throw error;
  }
}

async function startCluster(
  house: HouseLock,
  cluster: Cluster,
  binaries: Binaries,
  log: Log,
): Promise<EmbeddedDatabase> {
  const isNew = await prepareCluster(cluster, binaries, log);
  const password = ownerPassword(cluster);
  const logFile = join(house.dataDir, 'postgres.log');
  // Before the port is chosen: an orphan of the last run would hold it, and apps that outlived that run know no other.
  await clearLeftovers(cluster.folder, log);
  const start = (port: number) => {
    const postmaster = new Postmaster({ cluster, binaries, port, logFile, log });
    house.onLost(() => postmaster.abandon());
    return startOn(postmaster, port);
  };
  const { postmaster, port } = await onFreePort(house.dataDir, start);
  const url = (database: string): string => `postgres://${OWNER}:${password}@127.0.0.1:${port}/${database}`;
  try {
    // Recorded below, when it is there: a restart asks no more. A folder that was moved away leaves its record.
    if (isNew || recorded(house.dataDir)?.cluster !== cluster.folder) await createDatabase(url('postgres'));
  } catch (error) {
    await postmaster.stop();
    throw new EmbeddedError(
      `cannot make the database ${DATABASE} in ${cluster.folder}: ${reasonOf(error)}; see ${logFile}`,
      { cause: error },
    );
  }
  house.record({ databaseUrl: url(DATABASE), postgres: { port, cluster: cluster.folder } });
  log.info(
    { cluster: cluster.folder, account: account(cluster.account), port, server: postmaster.pid },
    'the database runs',
  );
  return { url: url(DATABASE), port, cluster, pid: () => postmaster.pid, stop: () => postmaster.stop() };
}

const account = (of: Account | undefined): string | undefined => of?.name;

interface Running {
  readonly postmaster: Postmaster;
  readonly port: number;
}

async function startOn(postmaster: Postmaster, port: number): Promise<Running> {
  await postmaster.start();
  return { postmaster, port };
}

/** The port of the last run if it is free: URLs that people copied go on working. */
async function onFreePort(dataDir: string, start: (port: number) => Promise<Running>): Promise<Running> {
  let wanted = recorded(dataDir)?.port;
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort(wanted));
    } catch (error) {
      if (!(error instanceof PortTaken) || tries >= PORT_TRIES) throw error;
      wanted = undefined;
    }
  }
}

/** The cluster of the last start whose database was there, and its port. */
function recorded(dataDir: string): HouseRecord['postgres'] {
  try {
    return readHouse(dataDir)?.record.postgres;
  } catch {
    // Only a wish: a damaged house.json is written anew by this start.
    return undefined;
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE} template template0 encoding 'UTF8' locale 'C'`);
  } finally {
    await client.end();
  }
}
