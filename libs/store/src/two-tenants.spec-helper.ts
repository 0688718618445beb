/** Two tenants, A and B, with one row of each in every table; and what becomes of a statement of a role. */
import { ROOT_TENANT, type TenantId } from '#domain';
import type { AppRole } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import pg from 'pg';
import type { Database } from './database.ts';

export const A = '00000000-0000-7000-8000-00000000000a' as TenantId;
export const B = '00000000-0000-7000-8000-00000000000b' as TenantId;
/** Of nothing yet. */
export const ID = '00000000-0000-7000-8000-0000000000ff';
export const INSUFFICIENT_PRIVILEGE = '42501';

export interface TwoTenants {
  readonly db: FreshDatabase;
  as(role: AppRole): Database;
}

export async function twoTenants(): Promise<TwoTenants> {
  const db = await freshDatabase();
  const roles = new Map<AppRole, Database>();
  for (const [id, name] of [
    [A, 'a'],
    [B, 'b'],
  ]) {
    await db.owner.query('insert into tenant (id, parent_id, path, name) values ($1, $2, $3, $4)', [
      id,
      ROOT_TENANT,
      [ROOT_TENANT, id],
      name,
    ]);
    await db.owner.query('insert into domain (id, tenant_id, name) values ($1, $1, $2)', [id, `${name}.example`]);
    await db.owner.query('insert into mailbox (tenant_id, id, domain_id, name) values ($1, $1, $1, $2)', [
      id,
      `x@${name}.example`,
    ]);
    await db.owner.query('insert into mailbox_usage (tenant_id, mailbox_id) values ($1, $1)', [id]);
    await db.owner.query("insert into credential (tenant_id, mailbox_id, hash) values ($1, $1, 'h')", [id]);
    await db.owner.query("insert into address (tenant_id, domain_id, kind, local) values ($1, $1, 'address', 'x')", [
      id,
    ]);
    await db.owner.query(
      "insert into address_target (tenant_id, domain_id, local, kind, position, mailbox_id) values ($1, $1, 'x', 'address', 0, $1)",
      [id],
    );
    await db.owner.query(
      `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                            envelope, body_structure, mime_index)
       values ($1, $1, 'accepted', 'smtp', '', '', '', 1, 1, 1, 1, '', '', '')`,
      [id],
    );
    await db.owner.query("insert into message_chunk (tenant_id, message_id, number, octets) values ($1, $1, 0, 'x')", [
      id,
    ]);
    await db.owner.query(
      "insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) values ($1, $1, 0, 'x', 'local', 'held')",
      [id],
    );
    await db.owner.query("insert into event (tenant_id, message_id, kind) values ($1, $1, 'accepted')", [id]);
    await db.owner.query(
      "insert into folder (tenant_id, id, mailbox_id, name, uidvalidity) values ($1, $1, $1, 'INBOX', 1)",
      [id],
    );
    await db.owner.query("insert into subscription (tenant_id, mailbox_id, name) values ($1, $1, 'INBOX')", [id]);
    await db.owner.query(
      "insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace) values ($1, $1, 1, $1, $1, 1, 1, '')",
      [id],
    );
    await db.owner.query(
      'insert into tombstone (tenant_id, folder_id, modseq, uid, message_id) values ($1, $1, 1, 9, $1)',
      [id],
    );
    await db.owner.query(
      'insert into maildrop_lock (tenant_id, mailbox_id, session_id, lease_until) values ($1, $1, $1, now())',
      [id],
    );
  }
  for (const id of [A, B]) {
    await db.owner.query(
      `insert into removed_mailbox (tenant_id, id, domain, name, state, created_at) values ($1, $1, 'x', 'x', 'active', now())`,
      [id],
    );
    await db.owner.query("insert into removed_address values ($1, $1, 'x', 'x', 'address')", [id]);
  }
  return {
    db,
    as(role) {
      const known = roles.get(role) ?? db.as(role);
      roles.set(role, known);
      return known;
    },
  };
}

/** SQLSTATE of the failure; 'done' when the statement ran. Nothing it did stays. */
export async function outcome(database: Database, statement: string, principal?: TenantId): Promise<string> {
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    if (principal !== undefined) await client.query("select set_config('posthouse.principal', $1, true)", [principal]);
    const { rowCount } = await client.query(statement);
    return `done ${rowCount ?? 0}`;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code ?? 'no code';
    throw error;
  } finally {
    await client.query('rollback');
    client.release();
  }
}
