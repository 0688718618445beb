import { APP_ROLES, type AppRole } from '#runtime';
import pg from 'pg';

const CONNECT_TIMEOUT = 5_000;

/**
 * The roles of the apps that are connected to the database now. An app that has nothing to do may have no connection for a while.
 * @param ownerUrl commands connect under a role as well; they are told from apps by the name of the connection
 */
export async function connectedApps(ownerUrl: string): Promise<AppRole[]> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ role: string }>(
      `select distinct usename as role from pg_stat_activity
        where datname = current_database() and starts_with(application_name, usename::text)`,
    );
    const connected = new Set(rows.map(({ role }) => role));
    return APP_ROLES.filter((role) => connected.has(role));
  } finally {
    await client.end();
  }
}
