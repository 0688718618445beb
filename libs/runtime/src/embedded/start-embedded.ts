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
import { command, Postmaster, PortTaken } from './postmaster.ts';
import { findSurvivor } from './server-process.ts';
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
  const make = (port: number): Postmaster => {
    const postmaster = new Postmaster({ cluster, binaries, port, logFile, log });
    house.onLost(() => postmaster.abandon());
    return postmaster;
  };
  const { postmaster, port } =
    (await takeOver(cluster, binaries, make, password, log)) ?? (await startAnew(house.dataDir, cluster, make, log));
  const url = (database: string): string => urlOf(database, password, port);
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

/** Milliseconds for the sessions of a dead house to end in a server that is taken over, each, and for the server to answer at all. */
const SESSION_END_MS = 5_000;

/**
 * The server that a killed house left behind, as it stands: nothing is written out and nothing replayed, which with much in memory takes
 * long. What the dead one's sessions were about is rolled back, as a stop would.
 */
async function takeOver(
  cluster: Cluster,
  binaries: Binaries,
  make: (port: number) => Postmaster,
  password: string,
  log: Log,
): Promise<Running | undefined> {
  const found = await findSurvivor(cluster.folder, (port) => command(cluster, binaries, port));
  if (found === undefined) return undefined;
  const { server, port } = found;
  const client = new Client({
    connectionString: urlOf('postgres', password, port),
    connectionTimeoutMillis: SESSION_END_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ ended: boolean }>(
      `select pg_terminate_backend(pid, $1) as ended from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      [SESSION_END_MS],
    );
    if (rows.some(({ ended }) => !ended)) return undefined;
  } catch {
    // A server that does not serve is stopped.
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
  log.info(
    { cluster: cluster.folder, server: server.pid },
    'going on with the database server that an earlier run left behind',
  );
  const postmaster = make(port);
  postmaster.takeOver(server);
  return { postmaster, port };
}

/** On the port of the last run if it is free: URLs that people copied go on working. */
async function startAnew(
  dataDir: string,
  { folder }: Cluster,
  make: (port: number) => Postmaster,
  log: Log,
): Promise<Running> {
  // Before the port is chosen: an orphan of the last run would hold it, and apps that outlived that run know no other.
  await clearLeftovers(folder, log);
  let wanted = recorded(dataDir)?.port;
  for (let tries = 1; ; tries++) {
    const port = await freePort(wanted);
    const postmaster = make(port);
    try {
      await postmaster.start({ isCleared: tries === 1 });
      return { postmaster, port };
    } catch (error) {
      if (!(error instanceof PortTaken) || tries >= PORT_TRIES) throw error;
      wanted = undefined;
    }
  }
}

const urlOf = (database: string, password: string, port: number): string =>
  `postgres://${OWNER}:${password}@127.0.0.1:${port}/${database}`;

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
