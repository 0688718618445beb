/** The apps' database roles: made by the owner at migration time, each with its own derived password. */
import { APP_ROLES, roleUrl } from '#runtime';
import pg from 'pg';

/** Milliseconds; per role, so that a forgotten transaction of one app cannot hold locks for ever. */
const IDLE_IN_TRANSACTION_TIMEOUT = '60s';

/** Makes missing roles and sets every role's password. Idempotent; the caller holds the migration lock. */
export async function ensureRoles(client: pg.ClientBase, ownerUrl: string): Promise<void> {
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
