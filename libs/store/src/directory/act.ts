/** One transaction as a principal: row-level security binds it, and what goes wrong leaves as a refusal. */
import { DirectoryRefusal, parseId, type TenantId } from '#domain';
import { sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database } from '../database.ts';
import type { Tables } from '../schema.ts';

export type Act = Transaction<Tables>;

interface ActOptions {
  /** Reads of one instant, in pages in the order of an index, and nothing but reads. */
  readonly snapshot?: boolean;
}

const off = (...methods: string[]): string[][] => methods.map((method) => [`enable_${method}`, 'off']);
/** Changes and pages name their rows or begin at one: see ROW_BY_ROW in `database.ts`. */
const BY_INDEX = [...off('seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'), ['jit', 'off']];
const IN_ORDER = off('sort', 'incremental_sort');

/** Rejects with DirectoryRefusal for everything that is not a bug of ours. */
export async function actAs<T>(
  { kysely }: Pick<Database, 'kysely'>,
  principal: TenantId,
  work: (act: Act) => Promise<T>,
  { snapshot = false }: ActOptions = {},
): Promise<T> {
  const begin = snapshot
    ? kysely.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
    : kysely.transaction().setIsolationLevel('read committed');
  try {
    return await begin.execute(async (act) => {
      const settings = [...BY_INDEX, ...(snapshot ? IN_ORDER : []), ['posthouse.principal', principal]];
      await sql`select set_config(name, value, true) from unnest(${settings.map(([name]) => name)}::text[], ${settings.map(([, value]) => value)}::text[]) s (name, value)`.execute(
        act,
      );
      return work(act);
    });
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

/** Any number; first half of the advisory lock's key. The functions of migration 0017 know it. */
const DIRECTORY_LOCK = 7_305_014;

/**
 * One change of a tenant's directory at a time, to the end of the transaction: an alias, its target and the domains of both are rows that
 * foreign keys lock in an order of their own. It comes before every other lock (`folder/locks.ts`).
 * @param tenant name or shown id; one that is not there locks nothing, and is refused by who looks for it
 */
export async function lockDirectory(act: Act, tenant: string): Promise<void> {
  const id = parseId('ten', tenant);
  const which = id === undefined ? sql`name = ${tenant.replaceAll('\0', '').toLowerCase()}` : sql`id = ${id}::uuid`;
  await sql`select pg_advisory_xact_lock(${DIRECTORY_LOCK}::int, hashtext(id::text)) from tenant where ${which}`.execute(
    act,
  );
}

/** What a failed transaction means to the one who asked; undefined for a fault of ours. */
export function refusalOf(error: unknown): DirectoryRefusal | undefined {
  if (error instanceof DirectoryRefusal) return error;
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  if (!(error instanceof pg.DatabaseError)) {
    return isConnectionError(error) ? unavailable(`the database cannot be reached (${message})`, error) : undefined;
  }
  const code = error.code ?? '';
  switch (code) {
    case '23505':
      return new DirectoryRefusal('conflict', 'name', 'it exists already: somebody else made it just now', {
        cause: error,
      });
    case '23503':
      return new DirectoryRefusal('conflict', 'name', 'something else was changed at the same time: try again', {
        cause: error,
      });
    case '42501':
      return new DirectoryRefusal('not-found', 'name', 'no such thing in the part of the house you may see', {
        cause: error,
      });
    case '28000':
    case '28P01':
    case '3D000':
    case '42P01':
      return unavailable(`the database is not set up for this release (${message}): run posthouse migrate`, error);
    default:
      break;
  }
  if (code.startsWith('22') || code.startsWith('23')) {
    return new DirectoryRefusal('bad-input', 'value', 'the database does not take this value', { cause: error });
  }
  // Connection exception, insufficient resources, operator intervention, system error, and lost to a deadlock.
  const isOurs = ['08', '53', '57', '58', '40'].some((family) => code.startsWith(family));
  return isOurs ? unavailable(`the database cannot answer now (${message}): try again`, error) : undefined;
}

const unavailable = (message: string, cause: Error): DirectoryRefusal =>
  new DirectoryRefusal('unavailable', 'database', message, { cause });

function isConnectionError(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z_]{3,20}$/.test(error.code)) return true;
  return /connection|timeout/i.test(error.message);
}
