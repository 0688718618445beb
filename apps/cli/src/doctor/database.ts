/** The truth and its keepers: connection, schema, roles, clock. */
import type { TraceStore } from '#domain';
import { APP_ROLES, isRoleUrl, maskUrl, reasonOf, roleUrl } from '#runtime';
import { Database, pendingMigrations } from '#store';
import type { OpenHouse } from '../open-house.ts';
import { attempt, fail, ok, warn, type Finding } from './finding.ts';

/** Seconds between the database's clock and ours that are worth a word: timestamps in Received and leases drift apart. */
const SKEW_WARN = 2;

/** @returns whether it can be reached at all: otherwise nothing that rests on it is worth a look */
export async function* database({ databaseUrl, trace }: OpenHouse): AsyncGenerator<Finding, boolean> {
  try {
    await withDatabase(databaseUrl, (connection) => connection.ping());
  } catch (error) {
    const remedy = 'check POSTHOUSE_DATABASE_URL, or look into postgres.log of the data folder';
    yield fail(`database: ${reasonOf(error)}`, remedy);
    return false;
  }
  yield await attempt('database', 'run posthouse migrate', () => schema(databaseUrl));
  for (const role of APP_ROLES) {
    if (isRoleUrl(databaseUrl) && !databaseUrl.includes(`//${role}:`)) continue;
    yield await attempt(
      `role ${role}`,
      'run posthouse migrate: it makes the roles and sets their passwords',
      async () => {
        await withDatabase(roleUrl(databaseUrl, role), (connection) => connection.ping());
        return ok(`role ${role}: connects`);
      },
    );
  }
  yield await attempt('durability', 'check the database', () => durability(databaseUrl));
  yield await clock(trace);
  return true;
}

export const clock = (trace: Pick<TraceStore, 'clockSkewSeconds'>): Promise<Finding> =>
  attempt('clock', 'check the database', async () => {
    const skew = await trace.clockSkewSeconds();
    const what = `clock: the database is ${Math.abs(skew).toFixed(2)} s ${skew < 0 ? 'behind' : 'ahead'}`;
    return Math.abs(skew) > SKEW_WARN ? warn(what, 'run a time service on both machines') : ok(what);
  });

async function withDatabase<T>(url: string, work: (connection: Database) => Promise<T>): Promise<T> {
  const connection = new Database({ url, name: 'posthouse doctor', poolSize: 1 });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function schema(url: string): Promise<Finding> {
  if (isRoleUrl(url))
    return warn(`database: reached by one role only (${maskUrl(url)})`, 'give the owner URL to examine the schema');
  const pending = await pendingMigrations(url);
  if (pending.length > 0) return fail(`database: ${pending.join(', ')} did not run yet`, 'run posthouse migrate');
  return ok(`database: ${maskUrl(url)}, schema up to date`);
}

/** Promise 1 across a fail-over holds only where a standby confirms each commit. */
async function durability(url: string): Promise<Finding> {
  const settings = await withDatabase(roleUrl(url, 'posthouse_api'), async ({ pool }) => {
    const { rows } = await pool.query<{ name: string; setting: string }>(
      "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'synchronous_standby_names')",
    );
    return new Map(rows.map(({ name, setting }) => [name, setting]));
  });
  const off = ['fsync', 'synchronous_commit', 'full_page_writes'].filter((name) => settings.get(name) === 'off');
  if (off.length > 0)
    return fail(
      `durability: ${off.join(', ')} is off`,
      'switch it on: a 250 is a promise that a power cut must not break',
    );
  const standby = settings.get('synchronous_standby_names') ?? '';
  return ok(
    standby === ''
      ? 'durability: 250 survives a crash and a power cut; no standby confirms commits, so a fail-over may lose the last of them'
      : 'durability: 250 survives a crash, a power cut and a fail-over',
  );
}
