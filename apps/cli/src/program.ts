import { Command } from 'commander';
import { registerAlias } from './commands/alias.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDomain } from './commands/domain.ts';
import { registerDown } from './commands/down.ts';
import { registerExplain } from './commands/explain.ts';
import { registerHouse } from './commands/house.ts';
import { registerLedger } from './commands/ledger.ts';
import { registerMailbox } from './commands/mailbox.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerRestored } from './commands/restored.ts';
import { registerSend } from './commands/send.ts';
import { registerStatus } from './commands/status.ts';
import { registerTenant } from './commands/tenant.ts';
import { registerTrace } from './commands/trace.ts';
import type { Context } from './context.ts';
import { linesOf } from './terminal.ts';
import { version } from './version.ts';

const COMMANDS: readonly ((program: Command, context: Context) => void)[] = [
  registerHouse,
  registerStatus,
  registerDown,
  registerDoctor,
  registerDemo,
  registerMigrate,
  registerRestored,
  registerTenant,
  registerDomain,
  registerMailbox,
  registerAlias,
  registerExplain,
  registerSend,
  registerTrace,
  registerLedger,
];

/** The whole command line; parsing throws CommanderError instead of ending the process. */
export function buildProgram(context: Context): Command {
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
  for (const register of COMMANDS) register(program, context);
  return program;
}
