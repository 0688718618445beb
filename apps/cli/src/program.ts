import { Command } from 'commander';
import type { Context } from './context.ts';
import { linesOf } from './terminal.ts';
import { version } from './version.ts';

type Register = (program: Command, context: Context) => void;

/** By the words that name the commands of a file, in the order of the help. A command loads its own file alone: most need no server. */
const COMMANDS: readonly (readonly [words: readonly string[], load: () => Promise<Register>])[] = [
  [['up', 'database'], async () => (await import('./commands/house.ts')).registerHouse],
  [['status'], async () => (await import('./commands/status.ts')).registerStatus],
  [['down'], async () => (await import('./commands/down.ts')).registerDown],
  [['doctor'], async () => (await import('./commands/doctor.ts')).registerDoctor],
  [['demo'], async () => (await import('./commands/demo.ts')).registerDemo],
  [['migrate'], async () => (await import('./commands/migrate.ts')).registerMigrate],
  [['backup', 'restore'], async () => (await import('./commands/backup.ts')).registerBackup],
  [['restored'], async () => (await import('./commands/restored.ts')).registerRestored],
  [['tenant'], async () => (await import('./commands/tenant.ts')).registerTenant],
  [['domain'], async () => (await import('./commands/domain.ts')).registerDomain],
  [['mailbox'], async () => (await import('./commands/mailbox.ts')).registerMailbox],
  [['alias'], async () => (await import('./commands/alias.ts')).registerAlias],
  [['explain'], async () => (await import('./commands/explain.ts')).registerExplain],
  [['send'], async () => (await import('./commands/send.ts')).registerSend],
  [['trace'], async () => (await import('./commands/trace.ts')).registerTrace],
  [['queue'], async () => (await import('./commands/queue.ts')).registerQueue],
  [['login-failures', 'unlock'], async () => (await import('./commands/logins.ts')).registerLogins],
  [['ledger'], async () => (await import('./commands/ledger.ts')).registerLedger],
];

/** All of them where no argument is the word of one: for the help, and to suggest what may have been meant. */
function wanted(args: readonly string[]): Promise<Register[]> {
  const named = COMMANDS.filter(([words]) => words.some((word) => args.includes(word)));
  return Promise.all((named.length > 0 ? named : COMMANDS).map(([, load]) => load()));
}

/** The command line as far as `args` need it; parsing throws CommanderError instead of ending the process. */
export async function buildProgram(context: Context, args: readonly string[] = []): Promise<Command> {
  const { terminal } = context;
  const program = new Command('posthouse')
    .description('Hosts mail: SMTP in, POP3 and IMAP out, one Postgres truth.')
    .version(version())
    .option('--tenant <name>', 'whose domains, mailboxes and aliases are meant', 'default')
    .option('--json', 'JSON; lists as one object a line')
    .option('--config <file>', 'the settings file; without it posthouse.env of the checkout, and the environment wins')
    .option('--debug', 'show where a failure came from')
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => {
        for (const line of linesOf(text)) terminal.out(line);
      },
      // Help where a command is missing. Errors come back as exceptions, and are reported in one place.
      writeErr: (text) => {
        if (!context.json) for (const line of linesOf(text)) terminal.err(line);
      },
      outputError: () => undefined,
    });
  for (const register of await wanted(args)) register(program, context);
  return program;
}
