import { APP_ROLES, type AppRole } from '#runtime';
import { LANE_KINDS } from '#domain';
import { runMigrations } from 'bullmq';
import pg from 'pg';
import { BELL_SCHEMA, bellQueueOf } from './bell-backend.ts';

/** Who rings and who answers. */
const BELL_ROLES: readonly AppRole[] = APP_ROLES.filter(
  (role) => role === 'posthouse_ingress' || role === 'posthouse_worker',
);

/** Any number of our own: one migrator of bells at a time. */
const BELL_LOCK = 7_305_013;

/** BullMQ's own tables, made by the owner: the app roles may use them and may not change them. Idempotent. */
export async function migrateBells(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'posthouse migrate' });
  client.on('error', () => undefined); // the statement under way rejects with it
  await client.connect();
  try {
    // Apps that start together grant together: the catalog refuses that ("tuple concurrently updated"). Ends with the session.
    await client.query('select pg_advisory_lock($1)', [BELL_LOCK]);
    await runMigrations(client, BELL_SCHEMA);
    // BullMQ makes a queue's id sequence at its first job: that must be now, since the app roles may create nothing.
    for (const kind of LANE_KINDS) await client.query(`select ${BELL_SCHEMA}.next_job_id($1)`, [bellQueueOf(kind)]);
    const roles = BELL_ROLES.join(', ');
    await client.query(`grant usage on schema ${BELL_SCHEMA} to ${roles}`);
    await client.query(`grant select, insert, update, delete on all tables in schema ${BELL_SCHEMA} to ${roles}`);
    await client.query(`grant usage on all sequences in schema ${BELL_SCHEMA} to ${roles}`);
    await client.query(`revoke execute on all functions in schema ${BELL_SCHEMA} from public`);
    await client.query(`grant execute on all functions in schema ${BELL_SCHEMA} to ${roles}`);
  } finally {
    await client.end();
  }
}
