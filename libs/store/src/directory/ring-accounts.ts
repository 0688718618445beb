/** Rings the account bell from within a change of the directory: heard when the change commits, and only then. */
import type { MailboxId } from '#domain';
import { sql } from 'kysely';
import type { Act } from './act.ts';

/** NOTIFY channel; the payload is a mailbox id, nothing where any account may have changed, or a key whose failures are forgotten, behind UNLOCK. */
export const ACCOUNT_CHANNEL = 'posthouse_account';
/** `unlock_login` of migration 0040 writes it. */
export const UNLOCK = 'unlock ';

/** Changes of the directory are rare, so that NOTIFY inside the transaction serialises nothing that matters. */
export async function ringAccounts(act: Act, mailbox?: MailboxId): Promise<void> {
  await sql`select pg_notify(${ACCOUNT_CHANNEL}, ${mailbox ?? ''})`.execute(act);
}
