/** The apps' database roles: made by the owner at migration time, each with its own derived password. */
import { APP_ROLES, HouseError, roleUrl, type AppRole } from '#runtime';
import pg from 'pg';

/** Milliseconds; per role, so that a forgotten transaction of one app cannot hold locks for ever. */
const IDLE_IN_TRANSACTION_TIMEOUT = '60s';

/** Tries until migrators of other databases are out of the way; each try that fails has let another one through. */
const MAX_TRIES = 20;

/** The comment of each role: this, and the name of the owner from whose password its own is derived. */
const DERIVED_FROM = 'Posthouse: password derived from that of ';

/**
 * Whether `ensureRoles` seems to have nothing to do. It sets the passwords in the order of APP_ROLES: where the last one's is right, all are, as far
 * as it was we who set them. So one login tells what a hash would not.
 */
export async function rolesAreSet(owner: Pick<pg.Pool, 'query'>, ownerUrl: string): Promise<boolean> {
  const { rows } = await owner.query<{ set: boolean }>(
    `select count(*) = cardinality($1::text[]) and not exists (${OPEN_DATABASE}) as set
       from pg_roles r where r.rolname = any ($1::text[]) and r.rolcanlogin and shobj_description(r.oid, 'pg_authid') = $2 || current_user`,
    [APP_ROLES, DERIVED_FROM],
  );
  const last = APP_ROLES.at(-1);
  if (rows[0]?.set !== true || last === undefined) return false;
  const client = new pg.Client({ connectionString: roleUrl(ownerUrl, last), application_name: 'posthouse migrate' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    // Whatever it is, the long way says it.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Makes missing roles and sets every role's password. Idempotent. Roles belong to the cluster and the migration lock to one database of
 * it: a house in another database may do the same at this moment, and then this is done again.
 * @throws HouseError when the roles are those of another owner's houses: their apps could no longer log in
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

interface KnownRole {
  role: AppRole;
  comment: string | null;
  /** Other databases in which it may do something: those of houses. */
  elsewhere: string[];
}

/** This database, if it is ours to close and everybody may make temporary tables in it. */
const OPEN_DATABASE = `
select datname as name from pg_database d
 where datname = current_database() and pg_has_role(datdba, 'usage')
   and exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) a where a.grantee = 0 and a.privilege_type = 'TEMPORARY')`;

const KNOWN = `
select r.rolname as role, shobj_description(r.oid, 'pg_authid') as comment,
       array(select distinct d.datname::text from pg_shdepend s join pg_database d on d.oid = s.dbid
              where s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid and d.datname <> current_database()
              order by 1) as elsewhere
  from pg_roles r where r.rolname = any ($1::text[])`;

async function setRoles(client: pg.ClientBase, ownerUrl: string): Promise<void> {
  const { rows } = await client.query<{ owner: string }>('select current_user as owner');
  const owner = rows[0]?.owner ?? '';
  const { rows: found } = await client.query<KnownRole>(KNOWN, [APP_ROLES]);
  const known = new Map(found.map((row) => [row.role, row]));
  for (const row of found) refuseOfAnother(row, owner);
  for (const role of APP_ROLES) await setRole(client, { role, owner, ownerUrl, known: known.get(role) });
  await closeDatabase(client);
}

/** No role makes tables of its own, temporary ones neither. A database keeps that right apart from its contents: a dump does not bring it. */
async function closeDatabase(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string }>(OPEN_DATABASE);
  for (const { name } of rows)
    await client.query(`revoke temporary on database ${pg.escapeIdentifier(name)} from public`);
}

function refuseOfAnother({ comment, elsewhere }: KnownRole, owner: string): void {
  const [database] = elsewhere;
  if (!comment?.startsWith(DERIVED_FROM) || database === undefined) return;
  const another = comment.slice(DERIVED_FROM.length);
  if (another === owner) return;
  throw new HouseError(
    `the roles ${APP_ROLES[0]} and so on of this PostgreSQL server belong to the houses of "${another}", and the owner of this house is "${owner}": ` +
      `their passwords are derived from the owner's, and the house in database "${database}" could no longer log in. ` +
      `Set POSTHOUSE_DATABASE_URL to the same owner, or to a server of this house's own; the runbook (Two houses on one PostgreSQL) says how an owner takes over`,
  );
}

interface RoleToSet {
  readonly role: AppRole;
  readonly owner: string;
  readonly ownerUrl: string;
  readonly known: KnownRole | undefined;
}

async function setRole(client: pg.ClientBase, { role, owner, ownerUrl, known }: RoleToSet): Promise<void> {
  const name = pg.escapeIdentifier(role);
  const password = decodeURIComponent(new URL(roleUrl(ownerUrl, role)).password);
  const verb = known ? 'alter' : 'create';
  await client.query(`${verb} role ${name} login password ${pg.escapeLiteral(password)}`).catch((error: unknown) => {
    if (!known || !(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
    throw new HouseError(
      `${owner} may not set the password of the role ${role}, which another user made: ` +
        `it needs CREATEROLE, and from PostgreSQL 16 on "grant ${role} to ${owner} with admin option" as that user or a superuser`,
      { cause: error },
    );
  });
  await client.query(`alter role ${name} set idle_in_transaction_session_timeout = '${IDLE_IN_TRANSACTION_TIMEOUT}'`);
  const comment = DERIVED_FROM + owner;
  if (known?.comment !== comment) await client.query(`comment on role ${name} is ${pg.escapeLiteral(comment)}`);
}
