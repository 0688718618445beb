/** `posthouse mailbox rm, removed, restore`: what goes is said first, and stays for its days of grace. */
import { MAX_PAGE, showId, type DirectoryScope, type DirectoryStore, type DomainView, type PageRequest } from '#domain';
import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { scopeOf, withHouse, type Context } from '../context.ts';
import { graceEnds, printRemoved, registerList } from '../listing.ts';
import { octets } from '../table.ts';
import { printMailbox } from './mailbox-shown.ts';

export const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const mailOf = (messages: number, size: number): string =>
  `${counted(messages, 'message', 'messages')}, ${octets(size)}`;

/** What the mailboxes of a domain hold together. */
export async function contentOf(
  directory: DirectoryStore,
  scope: DirectoryScope,
  { name }: DomainView,
): Promise<{ messages: number; octets: number; words: string }> {
  let [messages, size] = [0, 0];
  let after: string | undefined;
  do {
    const request: PageRequest = { limit: MAX_PAGE, domain: name, ...(after !== undefined && { after }) };
    const page = await directory.listMailboxes(scope, request);
    for (const mailbox of page.items) {
      messages += mailbox.usedMessages;
      size += mailbox.usedOctets;
    }
    after = page.next;
  } while (after !== undefined);
  return { messages, octets: size, words: mailOf(messages, size) };
}

export function registerMailboxRemoval(mailbox: Command, context: Context): void {
  mailbox
    .command('rm')
    .description('remove a mailbox with all mail in it; it can be restored for some days')
    .argument('<address>', 'its main address, or its id')
    .option('--yes', 'do not ask')
    .action((given: string, { yes = false }: { yes?: boolean }, command: Command) =>
      withHouse(context, async ({ directory }) => {
        const scope = scopeOf(command);
        const shown = await directory.showMailbox(scope, given);
        const { id, name, addresses, usedMessages, usedOctets } = shown;
        const mail = mailOf(usedMessages, usedOctets);
        const further = addresses.filter((address) => address !== name);
        // One that is to be refused is refused before anybody is asked: by who knows the rule.
        if (isMain(given, shown))
          await confirm(
            context.terminal,
            [
              `mailbox ${name} is removed with ${mail}${further.length === 0 ? '' : `, and with its addresses ${further.join(', ')}`}`,
            ],
            yes,
          );
        await directory.removeMailbox(scope, given);
        const until = graceEnds(context).toISOString();
        const words = `removed mailbox ${name} (${showId('mbx', id)}) with ${mail}; all of it is kept until ${until}: posthouse mailbox restore ${name} brings it back`;
        const more = { id: showId('mbx', id), messages: usedMessages, octets: usedOctets, restorableUntil: until };
        printRemoved(context, command, given, words, more);
      }),
    );
  registerList(
    mailbox,
    context,
    {
      description: 'the removed mailboxes that can be restored',
      read: (directory, scope, page) => directory.listRemoved(scope, page),
      toJson: ({ id, removedAt, ...rest }) => ({ id: showId('mbx', id), ...rest, removedAt: removedAt.toISOString() }),
      head: ['MAILBOX', 'ID', 'REMOVED', 'MESSAGES', 'SIZE', 'RESTORABLE UNTIL'],
      toRow: ({ id, name, removedAt, messages, octets: size, purging }) => [
        name,
        showId('mbx', id),
        removedAt.toISOString(),
        messages,
        octets(size),
        purging ? 'no more' : graceEnds(context, removedAt).toISOString(),
      ],
      nothing: 'no removed mailbox is kept',
    },
    'removed',
  );
  mailbox
    .command('restore')
    .description('bring back a removed mailbox with its folders, flags, password, addresses and mail')
    .argument(
      '<address>',
      'its main address (the youngest of several), or its id: posthouse mailbox removed lists them',
    )
    .action((given: string, _, command: Command) =>
      withHouse(context, async ({ directory }) =>
        printMailbox(context, command, await directory.restoreMailbox(scopeOf(command), given)),
      ),
    );
}

/** Whether a removal by this name will be done; the directory decides, and says why not. */
const isMain = (given: string, { name, addresses }: { name: string; addresses: readonly string[] }): boolean =>
  given.toLowerCase() === name || !addresses.includes(given.toLowerCase());
