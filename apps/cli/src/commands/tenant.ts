import { MAX_PAGE, showId, type TenantView } from '#domain';
import { Argument, Option, type Command } from 'commander';
import { confirm } from '../confirm.ts';
import { scopeOf, withHouse, type Context } from '../context.ts';
import { printOne, printRemoved, registerList, registerShow } from '../listing.ts';
import { counted } from './mailbox-removal.ts';

const toJson = ({ id, createdAt, ...rest }: TenantView) => ({
  id: showId('ten', id),
  ...rest,
  createdAt: createdAt.toISOString(),
});

function print(context: Context, command: Command, tenant: TenantView): void {
  const { id, name, parent, state, createdAt } = tenant;
  printOne(context, command, toJson(tenant), [
    ['tenant', name],
    ['id', showId('ten', id)],
    ['below', parent],
    ['state', state],
    ['created', createdAt.toISOString()],
  ]);
}

export function registerTenant(program: Command, context: Context): void {
  const tenant = program.command('tenant').description('tenants: customers who never see each other');
  const name = new Argument('<name>', 'letters, digits and hyphens, or an id');
  tenant
    .command('add')
    .description('make a tenant')
    .addArgument(name)
    .action((given: string, _, command: Command) =>
      withHouse(context, async ({ directory }) =>
        print(context, command, await directory.addTenant(scopeOf(command), given)),
      ),
    );
  registerList(tenant, context, {
    description: 'all tenants',
    read: (directory, scope, page) => directory.listTenants(scope, page),
    toJson,
    head: ['TENANT', 'BELOW', 'STATE', 'ID'],
    toRow: ({ name: shown, parent, state, id }) => [shown, parent, state, showId('ten', id)],
    nothing: 'there are no tenants',
  });
  registerShow(tenant, context, {
    description: 'one tenant',
    argument: name,
    read: (directory, scope, given) => directory.showTenant(scope, given),
    print,
  });
  tenant
    .command('set')
    .description('suspend a tenant (its mail is refused, its logins too) or let it work again')
    .addArgument(name)
    .addOption(new Option('--state <state>', 'its state').choices(['active', 'suspended']).makeOptionMandatory())
    .action((given: string, { state }: { state: TenantView['state'] }, command: Command) =>
      withHouse(context, async ({ directory }) =>
        print(context, command, await directory.setTenant(scopeOf(command), given, state)),
      ),
    );
  tenant
    .command('rm')
    .description('remove a tenant that has no domains')
    .addArgument(name)
    .option('--yes', 'do not ask')
    .action((given: string, { yes = false }: { yes?: boolean }, command: Command) =>
      withHouse(context, async ({ directory }) => {
        const scope = scopeOf(command);
        const { name: shown } = await directory.showTenant(scope, given);
        const { items, next } = await directory.listRemoved({ ...scope, tenant: shown }, { limit: MAX_PAGE });
        if (items.length > 0)
          await confirm(
            context.terminal,
            [
              `tenant ${shown} is removed with ${next === undefined ? '' : 'more than '}${counted(items.length, 'removed mailbox', 'removed mailboxes')}, which cannot be restored then`,
            ],
            yes,
          );
        await directory.removeTenant(scope, given);
        printRemoved(context, command, given, `removed tenant ${shown}; what is kept of its mail goes by and by`);
      }),
    );
}
