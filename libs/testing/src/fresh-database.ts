/** A database of its own for a spec file, cloned from a template that is migrated once per schema version. */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { migrateBells } from '#queue';
import { roleUrl, type AppRole } from '#runtime';
import { Database, migrate } from '#store';
import pg from 'pg';

const MIGRATIONS = new URL('../../store/migrations/', import.meta.url);
/** Makes the doorbells' tables: a template made by another version of it is another template. */
const BELLS = new URL('../../queue/src/migrate-bells.ts', import.meta.url);
/** One template maker at a time per cluster. */
const TEMPLATE_LOCK = 7_305_012;

export interface FreshDatabase {
  /** As the owner: may do everything. */
  readonly ownerUrl: string;
  readonly owner: pg.Pool;
  /** As one app's role; closed with the fresh database. */
  as(role: AppRole): Database;
  drop(): Promise<void>;
}

/** The cluster tests run against: made by vitest's global set-up, or any PostgreSQL >= 15 by POSTHOUSE_TEST_DATABASE_URL. */
export function testServerUrl(): string {
  const url = process.env['POSTHOUSE_TEST_DATABASE_URL'];
  if (url === undefined) throw new Error('POSTHOUSE_TEST_DATABASE_URL is not set: run the tests through vitest');
  return url;
}

export async function freshDatabase(): Promise<FreshDatabase> {
  const server = testServerUrl();
  const template = await templateDatabase(server);
  const name = `t_${randomBytes(8).toString('hex')}`;
  await administer(server, (client) => clone(client, name, template));
  const ownerUrl = withDatabase(server, name);
  const owner = quietPool(ownerUrl);
  const databases: Database[] = [];
  return {
    ownerUrl,
    owner,
    as(role) {
      const database = new Database({
        url: roleUrl(ownerUrl, role),
        name: `test ${role}`,
        poolSize: 8,
        onError: () => undefined,
      });
      databases.push(database);
      return database;
    },
    async drop() {
      await Promise.all(databases.map((database) => database.close()));
      await owner.end();
      await administer(server, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

async function templateDatabase(server: string): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(MIGRATIONS)).sort().map((file) => new URL(file, MIGRATIONS));
  for (const file of [...files, BELLS]) hash.update(await readFile(file));
  const name = `template_${hash.digest('hex').slice(0, 16)}`;
  await administer(server, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [name]);
    if (rowCount) return;
    await client.query(`drop database if exists ${name} with (force)`);
    await client.query(`create database ${name} encoding 'UTF8' template template0`);
    await migrate(withDatabase(server, name), migrateBells);
    await client.query(`alter database ${name} is_template true`);
  });
  return name;
}

/** Postgres refuses to copy a template while somebody is connected to it, be it another clone's copy for an instant. */
async function clone(client: pg.Client, name: string, template: string): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  await client.query(`create database ${name} template ${template}`);
}

async function administer<T>(server: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function quietPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  return pool;
}
