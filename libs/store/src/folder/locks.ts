/**
 * Lock order, everywhere: the mailbox's structure lock, folder rows by id, the usage row. Who needs fewer leaves some out, but
 * nobody takes them in another order; delivery and POP3 keep to it too.
 */
import type { Account } from '#domain';
import type { ClientBase } from 'pg';

/** Any number; first half of the advisory lock's key. */
const STRUCTURE_LOCK = 7_305_013;

/** One change of a mailbox's folder tree or subscriptions at a time, to the end of the transaction. */
export async function lockStructure(client: ClientBase, { mailboxId }: Account): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1::int, hashtext($2))', [STRUCTURE_LOCK, mailboxId]);
}

const LOCK_USAGE = `
select coalesce(m.quota_octets - u.octets, 'Infinity'::float8) as octets,
       coalesce(m.quota_messages - u.messages, 'Infinity'::float8) as messages
  from mailbox_usage u join mailbox m on m.tenant_id = u.tenant_id and m.id = u.mailbox_id
 where u.tenant_id = $1::uuid and u.mailbox_id = $2::uuid for update of u`;

/** Room that is left; Infinity without a quota, none in a mailbox that is gone. */
export async function lockUsage(
  client: ClientBase,
  { tenantId, mailboxId }: Account,
): Promise<{ octets: number; messages: number }> {
  const { rows } = await client.query<{ octets: number; messages: number }>(LOCK_USAGE, [tenantId, mailboxId]);
  return rows[0] ?? { octets: 0, messages: 0 };
}
