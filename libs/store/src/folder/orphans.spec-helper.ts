/** What lies in no mailbox: nothing ever, whatever was removed while what was written. */
import type pg from 'pg';

/** Tables of what a mailbox owns. */
const OWNED = ['mailbox_usage', 'credential', 'folder', 'subscription', 'folder_message', 'maildrop_lock'] as const;

const IS_KNOWN = `
  exists (select from mailbox m where m.tenant_id = o.tenant_id and m.id = o.mailbox_id)
  or exists (select from removed_mailbox r where r.tenant_id = o.tenant_id and r.id = o.mailbox_id)`;

/** `table mailbox` of each row that belongs to nobody, and of each message whose folder is gone. */
export async function orphans(owner: pg.Pool): Promise<string[]> {
  const found: string[] = [];
  for (const table of OWNED) {
    const { rows } = await owner.query<{ mailbox_id: string }>(
      `select o.mailbox_id from ${table} o where not (${IS_KNOWN}) limit 10`,
    );
    found.push(...rows.map(({ mailbox_id }) => `${table} ${mailbox_id}`));
  }
  const { rows: lost } = await owner.query<{ mailbox_id: string }>(
    `select o.mailbox_id from folder_message o
      where not exists (select from folder f where f.tenant_id = o.tenant_id and f.id = o.folder_id) limit 10`,
  );
  return [...found, ...lost.map(({ mailbox_id }) => `folder of ${mailbox_id}`)];
}
