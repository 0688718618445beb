import type { AliasView, DirectoryStore } from '#domain';
import { Argument, type Command } from 'commander';
import { scopeOf, withHouse, type Context } from '../context.ts';
import { printOne, printRemoved, registerList, registerShow } from '../listing.ts';
import { targetsElsewhere } from '../other-hosts.ts';

const toJson = ({ createdAt, ...rest }: AliasView) => ({ ...rest, createdAt: createdAt.toISOString() });

function print(context: Context, command: Command, alias: AliasView): void {
  printOne(context, command, toJson(alias), [
    ['alias', alias.name],
    ['kind', alias.kind],
    ['tenant', alias.tenant],
    ...alias.targets.map((target) => ['leads to', target] as const),
    ['created', alias.createdAt.toISOString()],
  ]);
}

async function printMade(
  context: Context,
  command: Command,
  directory: DirectoryStore,
  alias: AliasView,
): Promise<void> {
  print(context, command, alias);
  for (const words of await targetsElsewhere(directory, alias.targets)) context.terminal.err(`posthouse: ${words}`);
}

export function registerAlias(program: Command, context: Context): void {
  const alias = program.command('alias').description('addresses that lead to other addresses');
  const name = new Argument('<address>', 'sales@d; foo-default@d takes foo-anything; *@d takes the rest');
  const targets = new Argument('<targets...>', 'mailboxes, other aliases, or addresses on other hosts');
  alias
    .command('add')
    .description('make an alias')
    .addArgument(name)
    .addArgument(targets)
    .action((given: string, to: string[], _, command: Command) =>
      withHouse(context, async ({ directory }) =>
        printMade(context, command, directory, await directory.addAlias(scopeOf(command), given, to)),
      ),
    );
  registerList(alias, context, {
    description: 'the aliases of a tenant',
    byDomain: true,
    read: (directory, scope, page) => directory.listAliases(scope, page),
    toJson,
    head: ['ALIAS', 'KIND', 'LEADS TO'],
    toRow: (item) => [item.name, item.kind, item.targets.join(', ')],
    nothing: 'there are no aliases',
  });
  registerShow(alias, context, {
    description: 'one alias',
    argument: name,
    read: (directory, scope, given) => directory.showAlias(scope, given),
    print,
  });
  alias
    .command('set')
    .description('give an alias other targets')
    .addArgument(name)
    .addArgument(targets)
    .action((given: string, to: string[], _, command: Command) =>
      withHouse(context, async ({ directory }) =>
        printMade(context, command, directory, await directory.setAlias(scopeOf(command), given, to)),
      ),
    );
  alias
    .command('rm')
    .description('remove an alias')
    .addArgument(name)
    .action((given: string, _, command: Command) =>
      withHouse(context, async ({ directory }) => {
        await directory.removeAlias(scopeOf(command), given);
        printRemoved(context, command, given);
      }),
    );
}
