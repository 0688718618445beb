/** The apps' database roles: made by the owner at migration time, each with its own derived password. */
import { APP_ROLES, roleUrl } from '#runtime';
import pg from 'pg';

/** Milliseconds; per role, so that a forgotten transaction of one app cannot hold locks for ever. */
const IDLE_IN_TRANSACTION_TIMEOUT = '60s';

/** Tries until migrators of other databases are out of the way; each try that fails has let another one through. */
const MAX_TRIES = 20;

/**
 * Makes missing roles and sets every role's password. Idempotent. Roles belong to the cluster and the migration lock to one database of
 * it: a house in another database may do the same at this moment, and then this is done again.
 */
export async function ensureRoles(client: pg.ClientBase, ownerUrl: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await setRoles(client, ownerUrl);
    } catch (error) {
      if (tries === MAX_TRIES || !isRace(error)) throw error;
    }
  }
}

/** 23505, 42710: made by another just now. PostgreSQL has no code for "tuple concurrently updated". */
const isRace = (error: unknown): boolean =>
  error instanceof pg.DatabaseError &&
  (error.code === '23505' || error.code === '42710' || (error.code === 'XX000' && /concurrently/.test(error.message)));

async function setRoles(client: pg.ClientBase, ownerUrl: string): Promise<void> {
  for (const role of APP_ROLES) {
    const password = decodeURIComponent(new URL(roleUrl(ownerUrl, role)).password);
    const { rows } = await client.query<{ known: boolean }>(
      'select exists (select from pg_roles where rolname = $1) as known',
      [role],
    );
    const verb = rows[0]?.known ? 'alter' : 'create';
    await client.query(`${verb} role ${pg.escapeIdentifier(role)} login password ${pg.escapeLiteral(password)}`);
    await client.query(
      `alter role ${pg.escapeIdentifier(role)} set idle_in_transaction_session_timeout = '${IDLE_IN_TRANSACTION_TIMEOUT}'`,
    );
  }
}
