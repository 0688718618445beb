import { showId, type DomainView } from '#domain';
import { Argument, Option, type Command } from 'commander';
import { scopeOf, withHouse, type Context } from '../context.ts';
import { confirm } from '../confirm.ts';
import { usage } from '../failure.ts';
import { graceEnds, printOne, printRemoved, registerList, registerShow } from '../listing.ts';
import { contentOf, counted } from './mailbox-removal.ts';

const toJson = ({ id, createdAt, ...rest }: DomainView) => ({
  id: showId('dom', id),
  ...rest,
  createdAt: createdAt.toISOString(),
});

const shownSeparators = (separators: string): string => (separators === '' ? 'none' : separators);

function print(context: Context, command: Command, domain: DomainView): void {
  printOne(context, command, toJson(domain), [
    ['domain', domain.name],
    ['id', showId('dom', domain.id)],
    ['tenant', domain.tenant],
    ['state', domain.state],
    ['separators', shownSeparators(domain.separators)],
    ['mailboxes', domain.mailboxes],
    ['aliases', domain.aliases],
    ['created', domain.createdAt.toISOString()],
  ]);
}

const parseSeparators = (text: string): string => (text === 'none' ? '' : text);

interface SetOptions {
  readonly state?: DomainView['state'];
  readonly separators?: string;
}

const separators = () =>
  new Option('--separators <characters>', 'what parts user and detail in user+detail: of + - =, or none').argParser(
    parseSeparators,
  );

export function registerDomain(program: Command, context: Context): void {
  const domain = program.command('domain').description('domains we take mail for');
  const name = new Argument('<name>', 'any form: mixed case and U-labels too');
  domain
    .command('add')
    .description('host a domain')
    .addArgument(name)
    .addOption(separators())
    .action((given: string, options: SetOptions, command: Command) =>
      withHouse(context, async ({ directory }) =>
        print(context, command, await directory.addDomain(scopeOf(command), given, options.separators)),
      ),
    );
  registerList(domain, context, {
    description: 'the domains of a tenant',
    read: (directory, scope, page) => directory.listDomains(scope, page),
    toJson,
    head: ['DOMAIN', 'STATE', 'SEPARATORS', 'MAILBOXES', 'ALIASES'],
    toRow: (item) => [item.name, item.state, shownSeparators(item.separators), item.mailboxes, item.aliases],
    nothing: 'there are no domains yet: posthouse domain add example.org',
  });
  registerShow(domain, context, {
    description: 'one domain',
    argument: name,
    read: (directory, scope, given) => directory.showDomain(scope, given),
    print,
  });
  domain
    .command('set')
    .description('change a domain')
    .addArgument(name)
    .addOption(new Option('--state <state>', 'disabled: its mail is refused').choices(['active', 'disabled']))
    .addOption(separators())
    .action((given: string, options: SetOptions, command: Command) => {
      if (Object.keys(options).length === 0) throw usage('nothing to change: give --state or --separators');
      return withHouse(context, async ({ directory }) =>
        print(context, command, await directory.setDomain(scopeOf(command), given, options)),
      );
    });
  domain
    .command('rm')
    .description('stop hosting a domain')
    .addArgument(name)
    .option('--cascade', 'with its mailboxes and aliases, and all mail in them')
    .option('--yes', 'do not ask')
    .action((given: string, { cascade = false, yes = false }: RemoveOptions, command: Command) =>
      withHouse(context, async ({ directory }) => {
        const scope = scopeOf(command);
        const shown = await directory.showDomain(scope, given);
        const holds = cascade ? await contentOf(directory, scope, shown) : undefined;
        const words =
          holds &&
          `${counted(shown.mailboxes, 'mailbox', 'mailboxes')} (${holds.words}), ${counted(shown.aliases, 'alias', 'aliases')}`;
        if (words !== undefined && shown.mailboxes + shown.aliases > 0)
          await confirm(context.terminal, [`domain ${shown.name} is removed with ${words}`], yes);
        await directory.removeDomain(scope, given, cascade);
        const until = graceEnds(context).toISOString();
        const kept =
          shown.mailboxes === 0 || !cascade
            ? ''
            : `; its mailboxes are kept until ${until}: posthouse domain add ${shown.name}, then posthouse mailbox restore NAME, bring them back (posthouse mailbox removed lists them)`;
        printRemoved(
          context,
          command,
          given,
          `removed domain ${shown.name}${words === undefined ? '' : ` with ${words}`}${kept}`,
          {
            mailboxes: shown.mailboxes,
            aliases: shown.aliases,
            ...(cascade && { messages: holds?.messages, octets: holds?.octets, restorableUntil: until }),
          },
        );
      }),
    );
}

interface RemoveOptions {
  readonly cascade?: boolean;
  readonly yes?: boolean;
}
