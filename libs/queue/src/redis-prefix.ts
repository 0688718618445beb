/** What a house's keys and channels in Redis begin with: several houses may share one. */
import { roleUrl, type AppRole } from '#runtime';
import pg from 'pg';

/** Milliseconds. */
const CONNECT_TIMEOUT = 5_000;

/** The number of the server and that of the database in it: of nobody else, kept over restarts and fail-overs, and open to every role. */
const IDENTITY = `select s.system_identifier || '-' || d.oid as identity
  from pg_control_system() s, pg_database d where d.datname = current_database()`;

/** The same for all apps of a house. In braces, so that one node of a Redis cluster has all of it. */
export async function redisPrefix(databaseUrl: string, role: AppRole): Promise<string> {
  const client = new pg.Client({
    connectionString: roleUrl(databaseUrl, role),
    application_name: `${role} doorbell`,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: CONNECT_TIMEOUT,
  });
  client.on('error', () => undefined); // the statement under way rejects with it
  try {
    await client.connect();
    const { rows } = await client.query<{ identity: string }>(IDENTITY);
    if (!rows[0]) throw new Error('the database does not say which one it is');
    return `posthouse:{${rows[0].identity}}`;
  } finally {
    await client.end().catch(() => undefined);
  }
}
