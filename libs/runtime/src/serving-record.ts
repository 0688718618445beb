/**
 * Which database the apps of a data folder use: one file for each app in its folder `apps`, written when it serves. The folder so knows
 * whether its embedded database is the living one, and a command whether it would talk to another database than the apps.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { z } from 'zod';
import { visible } from '#domain';
import type { Config } from './config.ts';
import { HouseError, makeFolder, writeWhole } from './data-folder.ts';
import { errorCode, reasonOf } from './errors.ts';
import type { Log } from './log.ts';
import { isVisible, processIdentity, whereabouts } from './process-identity.ts';

const shape = z.object({
  app: z.string(),
  pid: z.int().positive(),
  identity: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  at: z.iso.datetime(),
  /** `embedded`: that of the folder itself. */
  kind: z.enum(['embedded', 'url']),
  /** Host, port and name of the database, for people. */
  where: z.string(),
  /** The numbers of the server and of the database in it. */
  database: z.string().optional(),
  /** Host and port of the Redis that bells ring through; undefined: PostgreSQL. */
  redis: z.string().optional(),
});
export type ServingRecord = z.infer<typeof shape>;

const folderOf = (dataDir: string): string => join(dataDir, 'apps');

/** Host, port and database of a URL: nothing secret. */
export function databasePlace(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host || 'the local socket'}${pathname}`;
}

/** Where bells ring: host and port; undefined: through PostgreSQL. */
export const redisPlace = ({ redisUrl }: Pick<Config, 'redisUrl'>): string | undefined =>
  redisUrl === undefined ? undefined : new URL(redisUrl).host;

/** Open to every role; kept over restarts and fail-overs. */
const IDENTITY = `select s.system_identifier || '-' || d.oid as identity
  from pg_control_system() s, pg_database d where d.datname = current_database()`;
const TIMEOUT = 5_000;

/** Of the database behind a URL; undefined where it does not say. */
export async function databaseIdentity(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT, query_timeout: TIMEOUT });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<{ identity: string }>(IDENTITY)).rows[0]?.identity;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Written down by an app that serves. Never a reason not to serve: a folder that cannot be written is logged. */
export async function recordServing(app: string, config: Config, databaseUrl: string, log: Log): Promise<void> {
  const { bootId, pidNamespace } = whereabouts();
  const record: ServingRecord = {
    app,
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
    bootId,
    pidNamespace,
    at: new Date().toISOString(),
    kind: config.database.url === undefined ? 'embedded' : 'url',
    where: databasePlace(databaseUrl),
    database: await databaseIdentity(databaseUrl),
    redis: redisPlace(config),
  };
  try {
    const folder = makeFolder(folderOf(makeFolder(config.dataDir)));
    writeWhole(join(folder, `${app}.json`), JSON.stringify(record, undefined, 2), folder);
  } catch (error) {
    log.info({ reason: reasonOf(error) }, 'which database is used cannot be written into the data folder');
  }
}

/** What the apps wrote down, newest first. Throws HouseError where it cannot be read. */
export function servingRecords(dataDir: string): ServingRecord[] {
  const folder = folderOf(dataDir);
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => shape.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))))
      .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    const remedy =
      errorCode(error) === 'EACCES' ? 'run the command as the user who runs the apps' : `remove the folder ${folder}`;
    throw new HouseError(`cannot read ${folder} (${errorCode(error) ?? 'not valid'}): ${remedy}`, { cause: error });
  }
}

/** Its process runs, where this one can see that. */
export const isServing = (record: ServingRecord): boolean =>
  isVisible(record) && processIdentity(record.pid) === record.identity;

/**
 * Throws HouseError where the folder's own database is not the one that its apps use: started all the same, it would take changes that
 * nobody sees, or mail for people it does not know.
 */
export function refuseStaleFolder(config: Config): void {
  if (config.database.url !== undefined) return;
  const [newest] = servingRecords(config.dataDir);
  if (newest?.kind !== 'url') return;
  const since = isServing(newest) ? `${newest.app} runs on it as process ${newest.pid}` : `last on ${newest.at}`;
  throw new HouseError(
    visible(
      `the embedded database of ${config.dataDir} is not the one in use: its apps use ${newest.where} (${since}), and POSTHOUSE_DATABASE_URL is not set here; ` +
        `set it, best in posthouse.env, or, to go back to the embedded one, remove ${folderOf(config.dataDir)}`,
    ),
  );
}

/** Throws HouseError where apps of the folder run on another database than that of the URL. */
export async function refuseOtherDatabase(config: Config, url: string): Promise<void> {
  const where = databasePlace(url);
  const others = servingRecords(config.dataDir).filter(
    (record) => record.where !== where && record.database !== undefined && isServing(record),
  );
  if (others.length === 0) return;
  const own = await databaseIdentity(url);
  const other = others.find(({ database }) => own !== undefined && database !== own);
  if (other === undefined) return;
  throw new HouseError(
    visible(
      `this command would talk to ${where}, and ${other.app} runs as process ${other.pid} on ${other.where}: ` +
        'give both the same POSTHOUSE_DATABASE_URL, best in posthouse.env, or this one the data folder of another house',
    ),
  );
}
