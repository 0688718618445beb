import { showId, type DomainView } from '#domain';
import { Argument, Option, type Command } from 'commander';
import { scopeOf, withHouse, type Context } from '../context.ts';
import { usage } from '../failure.ts';
import { printOne, printRemoved, registerList, registerShow, sayMailStays } from '../listing.ts';

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
    .action((given: string, { cascade = false }: { cascade?: boolean }, command: Command) =>
      withHouse(context, async ({ directory }) => {
        await directory.removeDomain(scopeOf(command), given, cascade);
        if (cascade) sayMailStays(context, command);
        printRemoved(context, command, given);
      }),
    );
}
