import { ROOT_TENANT } from '#domain';
import type { Command } from 'commander';
import type { Login } from '../clients/pop3-client.ts';
import { compose } from '../compose.ts';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { findEndpoints } from '../endpoints.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { printJson, printRemoved } from '../listing.ts';
import { makeCorner, removeCorner, roundTrip, type Corner } from '../probe.ts';
import { facts } from '../table.ts';
import { traceJson, traceLines } from './trace.ts';

const DEMO: Corner = { tenant: 'demo', domain: 'demo.test', users: ['alice', 'bob'] };

const TEXT = `Dear Bob,

this mail came through port 25's own door, was written down before it was
acknowledged, waited in the queue for an instant, and lies in your INBOX.

Yours, Alice
`.replaceAll('\n', '\r\n');

export function registerDemo(program: Command, context: Context): void {
  program
    .command('demo')
    .description('make a demo tenant, send a real mail through our own ports and show what was said')
    .option('--clean', 'remove everything the demo made')
    .action(({ clean = false }: { clean?: boolean }, command: Command) =>
      withHouse(context, async ({ directory, trace }) => {
        const { terminal } = context;
        if (clean) {
          await removeCorner(directory, DEMO);
          return printRemoved(context, command, DEMO.tenant, 'the demo is removed');
        }
        const endpoints = findEndpoints(context.config());
        const logins = await makeCorner(directory, DEMO);
        const [alice, bob] = logins;
        if (!alice || !bob) throw new Error('the demo has two users');
        const message = compose({ from: alice.user, to: [bob.user], subject: 'The first mail', text: TEXT });
        const letter = { from: alice.user, to: [bob.user], message };
        const { sent, pop3, imap, fault } = await roundTrip(endpoints, letter, bob);
        if (fault !== undefined) throw new CommandFailure(EXIT.difference, `${fault}: posthouse doctor`);
        const [newest] = await trace.trace(ROOT_TENANT, bob.user, 1);
        if (commonOptions(command).json) {
          const dialogues = { smtp: sent.dialogue, pop3: pop3.dialogue, imap: imap.dialogue };
          return printJson(terminal, { users: logins, dialogues, trace: newest && traceJson(newest) });
        }
        const sections = [
          ...section('SMTP: Alice sends', sent.dialogue),
          ...section('POP3: Bob fetches', pop3.dialogue),
          ...section('IMAP: Bob looks again', imap.dialogue),
          ...section('The trace', newest ? traceLines(newest) : []),
          ...section('Try it with your own mail client', loginLines(logins)),
        ];
        for (const line of sections) terminal.out(line);
        return terminal.out('Remove all of it with: npx posthouse demo --clean');
      }),
    );
}

const section = (title: string, lines: readonly string[]): string[] => [title, ...lines.map((line) => `  ${line}`), ''];

const loginLines = (logins: readonly Login[]): string[] =>
  facts(logins.map(({ user, password }) => [user, password] as const));
