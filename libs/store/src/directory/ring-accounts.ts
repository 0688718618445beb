/** Rings the account bell from within a change of the directory: heard when the change commits, and only then. */
import type { MailboxId } from '#domain';
import { sql } from 'kysely';
import type { Act } from './act.ts';

/** NOTIFY channel; the payload is a mailbox id, or nothing where any account may have changed. */
export const ACCOUNT_CHANNEL = 'posthouse_account';

/** Changes of the directory are rare, so that NOTIFY inside the transaction serialises nothing that matters. */
export async function ringAccounts(act: Act, mailbox?: MailboxId): Promise<void> {
  await sql`select pg_notify(${ACCOUNT_CHANNEL}, ${mailbox ?? ''})`.execute(act);
}
