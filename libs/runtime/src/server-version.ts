import type { Pool } from 'pg';
import { HouseError } from './house-lock.ts';

/** PostgreSQL's major version that the schema and the statements need. infra/oldest-postgres.sh runs the tests on it. */
export const OLDEST_POSTGRES = 15;

/** Throws HouseError for a server that is too old: its own complaint would be a syntax error in the middle of a migration. */
export async function refuseOldServer(client: Pick<Pool, 'query'>): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  const number = Number(rows[0]?.server_version_num);
  if (number >= OLDEST_POSTGRES * 10_000) return;
  throw new HouseError(
    `the database is PostgreSQL ${Math.floor(number / 10_000)}, and the oldest that will do is ${OLDEST_POSTGRES}: upgrade it, or give another one by POSTHOUSE_DATABASE_URL`,
  );
}
