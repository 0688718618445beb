import { APP_ROLES, type AppRole } from '#runtime';
import { LANE_KINDS } from '#domain';
import pg from 'pg';
import { BELL_SCHEMA, bellQueueOf } from './bell-names.ts';

/** Who rings and who answers. */
const BELL_ROLES: readonly AppRole[] = APP_ROLES.filter(
  (role) => role === 'posthouse_ingress' || role === 'posthouse_worker',
);

/** Any number of our own: one migrator of bells at a time. */
const BELL_LOCK = 7_305_013;

/** The release of BullMQ that made the tables; a spec compares it with the one that is installed. Raise `OURS` with what is done below. */
export const BULLMQ = '6.7.0';
const OURS = 1;
/** The comment of the schema, once everything below is done. */
const MARK = `BullMQ ${BULLMQ}, Posthouse ${OURS}: ${LANE_KINDS.join(' ')}`;

/** BullMQ's own tables, made by the owner: the app roles may use them and may not change them. Idempotent. */
export async function migrateBells(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'posthouse migrate' });
  client.on('error', () => undefined); // the statement under way rejects with it
  await client.connect();
  try {
    if (await isDone(client)) return;
    // Hundreds of modules: a start that finds them done is not to wait for those.
    const { runMigrations } = await import('bullmq');
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
    await client.query(`comment on schema ${BELL_SCHEMA} is ${pg.escapeLiteral(MARK)}`);
  } finally {
    await client.end();
  }
}

/** A dump may have brought the schema without what the roles may do. */
async function isDone(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ done: boolean | null }>(
    `select bool_and(obj_description(n.oid, 'pg_namespace') = $2 and has_schema_privilege(r.oid, n.oid, 'usage')) as done
       from pg_namespace n join pg_roles r on r.rolname = any ($3::text[]) where n.nspname = $1`,
    [BELL_SCHEMA, MARK, BELL_ROLES],
  );
  return rows[0]?.done === true;
}
