/** `posthouse login-failures` and `posthouse unlock`: who is locked out by wrong passwords, and let in again. */
import { ACCOUNT_FAILURES, REMOTE_FAILURES, remoteNetwork } from '#auth';
import { MAX_LOGIN_FAILURES, ROOT_TENANT, showId, visible, type LoginFailure, type LoginSubject } from '#domain';
import { Argument, type Command } from 'commander';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { printJson } from '../listing.ts';
import { table } from '../table.ts';

const WHO = 'an address, mbx_.., or the IP address of a client';

export function registerLogins(program: Command, context: Context): void {
  program
    .command('login-failures')
    .description('wrong passwords of the last minute, and who is locked out by them until when')
    .addArgument(new Argument('[who]', WHO))
    .action((who: string | undefined, _: object, command: Command) =>
      withHouse(context, async ({ logins }) => {
        const found = await logins.list(ROOT_TENANT, who === undefined ? undefined : subjectOf(who));
        print(context, command, found);
      }),
    );
  program
    .command('unlock')
    .description('forgets the wrong passwords of an account or a client, in every process at once')
    .addArgument(new Argument('<who>', WHO))
    .action((who: string, _: object, command: Command) =>
      withHouse(context, async ({ logins }) => {
        const { name, mailboxId, forgotten } = await logins.unlock(ROOT_TENANT, subjectOf(who));
        const { terminal } = context;
        if (commonOptions(command).json)
          return printJson(terminal, {
            unlocked: name,
            mailbox: mailboxId && showId('mbx', mailboxId),
            forgotten,
          });
        terminal.out(`unlocked ${visible(name)}${forgotten === 0 ? ': no failed login was counted' : ''}`);
        const closed = (await logins.list(ROOT_TENANT)).find((failure) => isNetwork(failure) && isLocked(failure));
        if (closed?.network !== undefined && closed.network !== name)
          terminal.err(
            `${closed.network} is locked out of accounts that do not know it: posthouse unlock ${closed.network}`,
          );
      }),
    );
}

/** A network as the list shows it, or any address in it. */
function subjectOf(who: string): LoginSubject {
  const network = remoteNetwork(who.replace(/\/64$/, ''));
  return network === 'unknown' ? { login: who } : { network };
}

const isNetwork = ({ login }: LoginFailure): boolean => login === undefined;
const limitOf = (failure: LoginFailure): number => (isNetwork(failure) ? REMOTE_FAILURES : ACCOUNT_FAILURES);
const isLocked = (failure: LoginFailure): boolean => failure.failures >= limitOf(failure);

function print({ terminal }: Context, command: Command, found: readonly LoginFailure[]): void {
  if (commonOptions(command).json) {
    for (const failure of found) printJson(terminal, jsonOf(failure));
    return;
  }
  if (found.length === 0)
    return terminal.err('no failed login is counted: a count lasts a minute from its first failure');
  const rows = found.map((failure) => [
    accountOf(failure),
    networkOf(failure),
    failure.failures,
    isLocked(failure) ? 'locked' : `${limitOf(failure) - failure.failures} left`,
    failure.until.toISOString(),
  ]);
  for (const line of table(['ACCOUNT', 'FROM', 'FAILURES', 'STATE', 'UNTIL'], rows)) terminal.out(line);
  if (found.length === MAX_LOGIN_FAILURES) terminal.err(`the newest ${MAX_LOGIN_FAILURES} are shown`);
}

function accountOf(failure: LoginFailure): string {
  if (failure.login === undefined) return 'any that does not know it';
  if (failure.login === '@') return '(no address)';
  return failure.mailboxId === undefined ? `${visible(failure.login)} (no mailbox)` : failure.login;
}

function networkOf({ login, mailboxId, network }: LoginFailure): string {
  if (login === undefined) return network ?? '';
  if (mailboxId === undefined) return 'anywhere';
  return network === undefined ? 'networks it does not know' : `${network} (known)`;
}

const jsonOf = (failure: LoginFailure) => ({
  login: failure.login,
  mailbox: failure.mailboxId && showId('mbx', failure.mailboxId),
  tenant: failure.tenant,
  network: failure.network,
  failures: failure.failures,
  limit: limitOf(failure),
  locked: isLocked(failure),
  until: failure.until.toISOString(),
});
