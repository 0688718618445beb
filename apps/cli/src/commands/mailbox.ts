import { hashPassword } from '#auth';
import { showId, type MailboxChange, type MailboxState, type MailboxView } from '#domain';
import { Argument, Option, type Command } from 'commander';
import { collect, parseCount, parseQuota } from '../arguments.ts';
import { scopeOf, withHouse, type Context } from '../context.ts';
import { usage } from '../failure.ts';
import { printOne, printRemoved, registerList, registerShow, sayMailStays } from '../listing.ts';
import { generatePassword, passwordFromStdin, promptPassword } from '../password.ts';
import { octets } from '../table.ts';
import { registerImport } from './mailbox-import.ts';

const toJson = ({ id, createdAt, ...rest }: MailboxView) => ({
  id: showId('mbx', id),
  ...rest,
  createdAt: createdAt.toISOString(),
});

/** @param generated the password that was made for it: shown this once, and stored nowhere */
function print(context: Context, command: Command, mailbox: MailboxView, generated?: string): void {
  const { quotaOctets, quotaMessages, usedOctets, usedMessages } = mailbox;
  printOne(context, command, { ...toJson(mailbox), password: generated }, [
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

interface PasswordOptions {
  readonly generatePassword?: boolean;
  readonly passwordStdin?: boolean;
  readonly password?: boolean;
}

interface AddOptions extends PasswordOptions {
  readonly quota?: number | 'none';
  readonly quotaMessages?: number | 'none';
}

interface SetOptions extends AddOptions {
  readonly state?: MailboxState;
  readonly addAddress?: readonly string[];
  readonly rmAddress?: readonly string[];
}

const limit = (value: number | 'none' | undefined): number | undefined => (value === 'none' ? undefined : value);

const quotaOption = () =>
  new Option('--quota <octets>', 'room for mail, such as 500m or 1g, or none').argParser(parseQuota);
const messagesOption = () =>
  new Option('--quota-messages <count>', 'number of messages it may hold, or none').argParser(parseCount);

const generateOption = () =>
  new Option('--generate-password', 'make a password, and show it once').conflicts(['password', 'passwordStdin']);

export function registerMailbox(program: Command, context: Context): void {
  const mailbox = program.command('mailbox').description('mailboxes: who gets mail and reads it');
  const address = new Argument('<address>', 'any of its addresses, or its id');
  mailbox
    .command('add')
    .description('make a mailbox; asks for its password on a terminal')
    .argument('<address>', 'its address; the domain is hosted already')
    .addOption(quotaOption())
    .addOption(messagesOption())
    .option('--password-stdin', 'read the password from standard input')
    .addOption(generateOption())
    .option('--no-password', 'nobody can log in until one is set')
    .action(async (given: string, options: AddOptions, command: Command) => {
      const password = await newPassword(context, given, options);
      await withHouse(context, async ({ directory }) => {
        const wanted = {
          address: given,
          passwordHash: password?.hash,
          quotaOctets: limit(options.quota),
          quotaMessages: limit(options.quotaMessages),
        };
        print(context, command, await directory.addMailbox(scopeOf(command), wanted), password?.generated);
      });
    });
  registerList(mailbox, context, {
    description: 'the mailboxes of a tenant',
    byDomain: true,
    read: (directory, scope, page) => directory.listMailboxes(scope, page),
    toJson,
    head: ['MAILBOX', 'STATE', 'PASSWORD', 'MESSAGES', 'USED', 'QUOTA'],
    toRow: (item) => [
      item.name,
      item.state,
      item.hasPassword ? 'set' : 'none',
      item.usedMessages,
      octets(item.usedOctets),
      item.quotaOctets === undefined ? undefined : octets(item.quotaOctets),
    ],
    nothing: 'there are no mailboxes yet: posthouse mailbox add you@example.org',
  });
  registerShow(mailbox, context, {
    description: 'one mailbox',
    argument: address,
    read: (directory, scope, given) => directory.showMailbox(scope, given),
    print,
  });
  mailbox
    .command('set')
    .description('change a mailbox')
    .addArgument(address)
    .addOption(
      new Option('--state <state>', 'no-login: receives only; disabled: neither').choices([
        'active',
        'no-login',
        'disabled',
      ]),
    )
    .addOption(quotaOption())
    .addOption(messagesOption())
    .option('--password', 'ask for a new password')
    .option('--password-stdin', 'read the new password from standard input')
    .addOption(generateOption())
    .option('--no-password', 'take its password away')
    .option('--add-address <address>', 'a further address; may be given more than once', collect)
    .option('--rm-address <address>', 'one of its addresses less; may be given more than once', collect)
    .action(async (given: string, options: SetOptions, command: Command) => {
      const { change, generated } = await toChange(context, given, options);
      if (Object.keys(change).length === 0) throw usage('nothing to change: see posthouse mailbox set --help');
      await withHouse(context, async ({ directory }) =>
        print(context, command, await directory.setMailbox(scopeOf(command), given, change), generated),
      );
    });
  mailbox
    .command('rm')
    .description('remove a mailbox with all mail in it')
    .addArgument(address)
    .action((given: string, _, command: Command) =>
      withHouse(context, async ({ directory }) => {
        await directory.removeMailbox(scopeOf(command), given);
        sayMailStays(context, command);
        printRemoved(context, command, given);
      }),
    );
  registerImport(mailbox, context);
}

interface NewPassword {
  readonly hash: string;
  /** In clear, where it was made here. */
  readonly generated?: string;
}

/** Undefined with --no-password. */
async function newPassword(
  { terminal }: Context,
  name: string,
  { generatePassword: generate, passwordStdin, password }: PasswordOptions,
): Promise<NewPassword | undefined> {
  if (generate === true) {
    const generated = generatePassword();
    return { hash: await hashPassword(generated), generated };
  }
  if (passwordStdin === true) return { hash: await hashPassword(await passwordFromStdin(terminal)) };
  if (password === false) return undefined;
  return { hash: await hashPassword(await promptPassword(terminal, name)) };
}

async function toChange(
  context: Context,
  name: string,
  options: SetOptions,
): Promise<{ change: MailboxChange; generated: string | undefined }> {
  const { state, quota, quotaMessages, addAddress, rmAddress } = options;
  const { generatePassword: generate, password, passwordStdin } = options;
  const touchesPassword = password !== undefined || passwordStdin === true || generate === true;
  const wanted = touchesPassword ? await newPassword(context, name, options) : undefined;
  const change = {
    ...(state !== undefined && { state }),
    ...(quota !== undefined && { quotaOctets: quota }),
    ...(quotaMessages !== undefined && { quotaMessages }),
    ...(addAddress !== undefined && { addAddresses: addAddress }),
    ...(rmAddress !== undefined && { removeAddresses: rmAddress }),
    ...(touchesPassword && { passwordHash: wanted?.hash ?? 'none' }),
  };
  return { change, generated: wanted?.generated };
}
