import { APP_ROLES, type AppRole } from '#runtime';
import pg from 'pg';

const CONNECT_TIMEOUT = 5_000;

export interface ConnectedApp {
  readonly role: AppRole;
  /** A process of it reaches the database from the address that this one has there: it runs on this machine. */
  readonly isHere: boolean;
}

/**
 * The apps that are connected to the database now. An app that has nothing to do may have no connection for a while.
 * @param ownerUrl commands connect under a role as well; they are told from apps by the name of the connection
 */
export async function connectedApps(ownerUrl: string): Promise<ConnectedApp[]> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ role: string; here: boolean }>(
      `select usename as role, bool_or(client_addr is not distinct from inet_client_addr()) as here from pg_stat_activity
        where datname = current_database() and starts_with(application_name, usename::text) group by usename`,
    );
    const connected = new Map(rows.map(({ role, here }) => [role, here]));
    return APP_ROLES.filter((role) => connected.has(role)).map((role) => ({
      role,
      isHere: connected.get(role) === true,
    }));
  } finally {
    await client.end();
  }
}
