/** One mailbox, for people and as JSON. */
import { showId, type MailboxView } from '#domain';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { printOne } from '../listing.ts';
import { octets } from '../table.ts';

export const mailboxJson = ({ id, createdAt, ...rest }: MailboxView) => ({
  id: showId('mbx', id),
  ...rest,
  createdAt: createdAt.toISOString(),
});

/** @param generated the password that was made for it: shown this once, and stored nowhere */
export function printMailbox(context: Context, command: Command, mailbox: MailboxView, generated?: string): void {
  const { quotaOctets, quotaMessages, usedOctets, usedMessages } = mailbox;
  printOne(context, command, { ...mailboxJson(mailbox), password: generated }, [
    ['mailbox', mailbox.name],
    ['id', showId('mbx', mailbox.id)],
    ['tenant', mailbox.tenant],
    ...mailbox.addresses.map((address) => ['address', address] as const),
    ['state', mailbox.state],
    ['password', passwordFact(mailbox, generated)],
    ['used', `${octets(usedOctets)} of ${quotaOctets === undefined ? 'no limit' : octets(quotaOctets)}`],
    ['messages', `${usedMessages} of ${quotaMessages ?? 'no limit'}`],
    ['created', mailbox.createdAt.toISOString()],
  ]);
}

const passwordFact = ({ hasPassword }: MailboxView, generated: string | undefined): string => {
  if (generated !== undefined) return `${generated}  (write it down: it is not shown again)`;
  return hasPassword ? 'set' : 'none: nobody can log in';
};
