import { hashPassword } from '#auth';
import type { MailboxChange, MailboxState } from '#domain';
import { Argument, Option, type Command } from 'commander';
import { collect, parseCount, parseQuota } from '../arguments.ts';
import { scopeOf, withHouse, type Context } from '../context.ts';
import { usage } from '../failure.ts';
import { registerList, registerShow } from '../listing.ts';
import { generatePassword, passwordFromStdin, promptPassword } from '../password.ts';
import { octets } from '../table.ts';
import { registerImport } from './mailbox-import.ts';
import { registerMailboxRemoval } from './mailbox-removal.ts';
import { mailboxJson, printMailbox } from './mailbox-shown.ts';

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
    .option('--password', 'ask for the password (as without any of these)')
    .option('--password-stdin', 'read the password from standard input')
    .addOption(generateOption())
    .option('--no-password', 'nobody can log in until one is set')
    .action((given: string, options: AddOptions, command: Command) =>
      withHouse(context, async ({ directory }) => {
        const scope = scopeOf(command);
        const wanted = {
          address: given,
          passwordHash: undefined,
          quotaOctets: limit(options.quota),
          quotaMessages: limit(options.quotaMessages),
        };
        // Nobody is asked for the password of a mailbox that cannot be made.
        const [refusal] = await directory.addMailboxes(scope, [wanted], true);
        if (refusal) throw refusal;
        const password = await newPassword(context, given, options);
        const made = await directory.addMailbox(scope, { ...wanted, passwordHash: password?.hash });
        printMailbox(context, command, made, password?.generated);
      }),
    );
  registerList(mailbox, context, {
    description: 'the mailboxes of a tenant, by name',
    byDomain: true,
    read: (directory, scope, page) => directory.listMailboxes(scope, page),
    toJson: mailboxJson,
    head: ['MAILBOX', 'STATE', 'PASSWORD', 'MESSAGES', 'USED', 'QUOTA', 'FURTHER ADDRESSES'],
    toRow: (item) => [
      item.name,
      item.state,
      item.hasPassword ? 'set' : 'none',
      item.usedMessages,
      octets(item.usedOctets),
      item.quotaOctets === undefined ? undefined : octets(item.quotaOctets),
      item.addresses.filter((address) => address !== item.name).join(', ') || undefined,
    ],
    nothing: 'there are no mailboxes yet: posthouse mailbox add you@example.org',
  });
  registerShow(mailbox, context, {
    description: 'one mailbox',
    argument: address,
    read: (directory, scope, given) => directory.showMailbox(scope, given),
    print: printMailbox,
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
        printMailbox(context, command, await directory.setMailbox(scopeOf(command), given, change), generated),
      );
    });
  registerMailboxRemoval(mailbox, context);
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
