/**
 * Lock order, everywhere and for every writer, so that no two of them ever wait for each other in a circle:
 *
 * 1. the directory of the tenant (`directory/act.ts`), then rows of the directory itself
 * 2. structure locks of mailboxes, by key
 * 3. the maildrop lock
 * 4. folder rows, by id
 * 5. usage rows, by mailbox
 * 6. rows of messages in the folders locked in 4, delivery rows, message rows
 *
 * Who needs fewer leaves some out, but nobody takes them in another order.
 *
 * | writer                            | 1 | 2 | 3 | 4 | 5 | 6 |
 * | --------------------------------- | - | - | - | - | - | - |
 * | delivery (`queue/place.ts`)       |   |   |   | x | x | x |
 * | APPEND                            |   |   |   | x | x | x |
 * | COPY                              |   |   |   | x | x | x |
 * | MOVE                              |   |   |   | x |   | x |
 * | STORE                             |   |   |   | x |   | x |
 * | EXPUNGE, CLOSE                    |   |   |   | x | x | x |
 * | POP3 QUIT                         |   |   | x | x | x | x |
 * | CREATE, SUBSCRIBE                 |   | x |   |   | x |   |
 * | DELETE, RENAME                    |   | x |   | x | x | x |
 * | removal: the mark                 | x | x |   |   | x |   |
 * | removal: restore                  | x | x |   | x | x |   |
 * | removal: the sweep (skips locked) |   |   | x | x |   | x |
 *
 * The usage row is the gate of its mailbox: the mark of a removal takes it away. What adds a row to a mailbox holds the usage row to its
 * end, or the structure lock, which the mark takes as well, and finds the mailbox there under that lock; so nothing is ever left in a
 * mailbox that is gone. What changes rows that are there locks their folders, which the sweep passes by, and looks for the gate too.
 */
import type { Account } from '#domain';
import type { ClientBase } from 'pg';

/** Any number; first half of the advisory lock's key. The functions of migration 0017 know it. */
const STRUCTURE_LOCK = 7_305_013;

/** SQL: the mailbox is not removed, in the snapshot of the statement. $1 tenant, $2 mailbox. */
export const GATE =
  'exists (select from mailbox_usage gate where gate.tenant_id = $1::uuid and gate.mailbox_id = $2::uuid)';

/**
 * One change of a mailbox's folder tree or subscriptions at a time, to the end of the transaction.
 * @returns false: the mailbox is gone
 */
export async function lockStructure(client: ClientBase, { tenantId, mailboxId }: Account): Promise<boolean> {
  await client.query('select pg_advisory_xact_lock($1::int, hashtext($2))', [STRUCTURE_LOCK, mailboxId]);
  return isThere(client, { tenantId, mailboxId });
}

/** By a snapshot that is younger than the locks held. */
export async function isThere(client: ClientBase, { tenantId, mailboxId }: Account): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(`select ${GATE} as there`, [tenantId, mailboxId]);
  return rows[0]?.there === true;
}

const LOCK_USAGE = `
select coalesce(m.quota_octets - u.octets, 'Infinity'::float8) as octets,
       coalesce(m.quota_messages - u.messages, 'Infinity'::float8) as messages
  from mailbox_usage u join mailbox m on m.tenant_id = u.tenant_id and m.id = u.mailbox_id
 where u.tenant_id = $1::uuid and u.mailbox_id = $2::uuid for update of u`;

/** Room that is left; Infinity without a quota. Undefined: the mailbox is gone. */
export async function lockUsage(
  client: ClientBase,
  { tenantId, mailboxId }: Account,
): Promise<{ octets: number; messages: number } | undefined> {
  const { rows } = await client.query<{ octets: number; messages: number }>(LOCK_USAGE, [tenantId, mailboxId]);
  return rows[0];
}
