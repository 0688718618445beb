import type { MailboxId, TenantId } from '#domain';
import { sql } from 'kysely';
import type { Act } from './act.ts';
import { ringAccounts } from './ring-accounts.ts';

/**
 * Removes mailboxes with everything in them. Folders go first: a delivery in flight holds their rows, so that what it puts there is
 * seen by the next statement; later deliveries find no folder and are held.
 */
export async function removeMailboxes(act: Act, tenantId: TenantId, mailboxes: readonly MailboxId[]): Promise<void> {
  const gone = sql`any (${mailboxes}::uuid[])`;
  const folders = await sql<{ id: string }>`
    delete from folder where tenant_id = ${tenantId} and mailbox_id = ${gone} returning id`.execute(act);
  const folderIds = sql`any (${folders.rows.map(({ id }) => id)}::uuid[])`;
  // Retention counts the days of a body from its youngest tombstone, also from one whose folder is gone.
  await sql`
    with gone as (
      delete from folder_message where tenant_id = ${tenantId} and folder_id = ${folderIds}
      returning folder_id, modseq, uid, message_id
    )
    insert into tombstone (tenant_id, folder_id, modseq, uid, message_id)
    select ${tenantId}::uuid, folder_id, modseq, uid, message_id from gone`.execute(act);
  await sql`delete from subscription where tenant_id = ${tenantId} and mailbox_id = ${gone}`.execute(act);
  await sql`delete from maildrop_lock where tenant_id = ${tenantId} and mailbox_id = ${gone}`.execute(act);
  await sql`delete from mailbox_usage where tenant_id = ${tenantId} and mailbox_id = ${gone}`.execute(act);
  // Rows of the address book that lead only to them; the others lose a target with the mailbox.
  await sql`
    delete from address a
     where a.tenant_id = ${tenantId}
       and (a.domain_id, a.local, a.kind) in (
             select g.domain_id, g.local, g.kind from address_target g where g.tenant_id = ${tenantId} and g.mailbox_id = ${gone})
       and not exists (
             select from address_target o
              where o.tenant_id = a.tenant_id and o.domain_id = a.domain_id and o.local = a.local and o.kind = a.kind
                and (o.mailbox_id is null or o.mailbox_id <> all (${mailboxes}::uuid[])))`.execute(act);
  await sql`delete from mailbox where tenant_id = ${tenantId} and id = ${gone}`.execute(act);
  await ringAccounts(act);
}
