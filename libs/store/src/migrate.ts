/** Forward-only SQL migrations, run by Kysely's Migrator under its advisory lock. */
import { readdir, readFile } from 'node:fs/promises';
import { APP_ROLES, DatabaseUrlError, guardPool, isRoleUrl, refuseOldServer, roleUrl } from '#runtime';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator, type Migration, type MigrationProvider } from 'kysely/migration';
import pg from 'pg';
import { ensureRoles, rolesAreSet } from './roles.ts';

const FOLDER = new URL('../migrations/', import.meta.url);
/** Any number, the same for all of us: one migrator at a time per database. */
const ROLE_LOCK = 7_305_011;
/** Migrations that had other numbers before the first release: what ran under the old name has run. */
const RENAMED: Readonly<Record<string, string>> = {
  '0008_folder_keywords': '0009_folder_keywords',
  '0009_chunks_have_times': '0010_chunks_have_times',
};

const ENDING = '.sql';

/** What this program has, in its order. */
const ourMigrations = async (): Promise<string[]> =>
  (await readdir(FOLDER))
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort();

class SqlFiles implements MigrationProvider {
  async getMigrations(): Promise<Record<string, Migration>> {
    const entries = (await ourMigrations()).map(async (name): Promise<[string, Migration]> => {
      const text = await readFile(new URL(name + ENDING, FOLDER), 'utf8');
      return [name, { up: async (db) => void (await sql.raw(text).execute(db)) }];
    });
    return Object.fromEntries(await Promise.all(entries));
  }
}

export interface MigrateOptions {
  /** Sets the roles and their passwords although none seems to be missing: a start only looks, an operator who asks means it. */
  readonly anew?: boolean;
}

/**
 * Brings roles and schema up to date. A second run does nothing.
 * @param after what else needs the roles and is migrated by its own means, such as the doorbells' tables
 * @returns names of the migrations that ran now
 * @throws DatabaseUrlError for a URL without password or of an app's role; HouseError for a server that will not do; an error when one fails; those before it stay, the failed one leaves nothing
 */
export async function migrate(
  ownerUrl: string,
  after?: (ownerUrl: string) => Promise<void>,
  { anew = false }: MigrateOptions = {},
): Promise<string[]> {
  if (isRoleUrl(ownerUrl)) {
    const remedy = 'put the URL of the owner into POSTHOUSE_DATABASE_URL for this command';
    throw new DatabaseUrlError(`the database URL is that of an app's role, which may not migrate: ${remedy}`);
  }
  // Before connecting: a server that asks for a password we have not keeps the connection until its own time-out.
  for (const role of APP_ROLES) roleUrl(ownerUrl, role);
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 2, application_name: 'posthouse migrate' });
  guardPool(pool, () => undefined);
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    await refuseOldServer(pool);
    const looks = anew ? [] : await Promise.all([isCurrent(pool), rolesAreSet(pool, ownerUrl)]);
    const ran = looks.length > 0 && looks.every(Boolean) ? [] : await bring(pool, db, ownerUrl);
    await after?.(ownerUrl);
    return ran;
  } finally {
    await db.destroy();
  }
}

/** Every start asks: a restart is not to wait for locks, and for passwords that are hashed, where nothing is to be done. */
async function isCurrent(pool: pg.Pool): Promise<boolean> {
  const { rows: tables } = await pool.query<{ known: boolean }>(
    `select to_regclass('kysely_migration') is not null as known`,
  );
  if (tables[0]?.known !== true) return false;
  const { rows } = await pool.query<{ name: string }>('select name from kysely_migration order by name collate "C"');
  return rows.map(({ name }) => name).join() === (await ourMigrations()).join();
}

async function bring(pool: pg.Pool, db: Kysely<unknown>, ownerUrl: string): Promise<string[]> {
  await withRoleLock(pool, async (client) => {
    await ensureRoles(client, ownerUrl);
    await renameMigrations(client);
  });
  const { error, results } = await new Migrator({ db, provider: new SqlFiles() }).migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'the migration';
    throw new Error(`${failed} failed; the schema stays as it was before it`, { cause: error });
  }
  return (results ?? []).map((result) => result.migrationName);
}

/** Migrations that this program has and the database has not. */
export async function pendingMigrations(ownerUrl: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 1 });
  guardPool(pool, () => undefined);
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const known = await new Migrator({ db, provider: new SqlFiles() }).getMigrations();
    return known.filter(({ executedAt }) => !executedAt).map(({ name }) => name);
  } finally {
    await db.destroy();
  }
}

async function renameMigrations(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(`select to_regclass('kysely_migration') as known`);
  if (rows[0]?.known === null) return;
  await client.query(
    'update kysely_migration set name = r.new from unnest($1::text[], $2::text[]) r (old, new) where name = r.old',
    [Object.keys(RENAMED), Object.values(RENAMED)],
  );
}

async function withRoleLock(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [ROLE_LOCK]);
    await work(client);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [ROLE_LOCK]).catch(() => undefined);
    client.release();
  }
}
