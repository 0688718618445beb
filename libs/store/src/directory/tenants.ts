import {
  checkTenantName,
  DEFAULT_TENANT,
  DirectoryRefusal,
  ROOT_TENANT,
  type DirectoryScope,
  type Page,
  type PageRequest,
  type TenantId,
  type TenantView,
} from '#domain';
import { sql } from 'kysely';
import { newId } from '../new-id.ts';
import type { Act } from './act.ts';
import { atLeast, belowTenant } from './counts.ts';
import { findTenant } from './find.ts';
import { afterId, idPage, pageLimit } from './pages.ts';
import { ringAccounts } from './ring-accounts.ts';

export async function addTenant(act: Act, { principal }: DirectoryScope, text: string): Promise<TenantView> {
  const name = checkTenantName(text);
  const known = await act.selectFrom('tenant').select('id').where('name', '=', name).executeTakeFirst();
  if (known) throw new DirectoryRefusal('conflict', 'tenant', `there is a tenant ${name} already`);
  const id = newId() as TenantId;
  const parent = await act.selectFrom('tenant').select('path').where('id', '=', principal).executeTakeFirstOrThrow();
  // No RETURNING: the visibility policy reads a snapshot in which the new row is not there yet.
  await act
    .insertInto('tenant')
    .values({ id, parent_id: principal, path: [...parent.path, id], name })
    .execute();
  return showTenant(act, name);
}

const tenants = (act: Act) =>
  act
    .selectFrom('tenant as t')
    .leftJoin('tenant as p', 'p.id', 't.parent_id')
    .select(['t.id', 't.name', 't.state', 't.created_at', 'p.name as parent']);

type TenantRow = Awaited<ReturnType<ReturnType<typeof tenants>['executeTakeFirstOrThrow']>>;

const toView = ({ id, name, state, created_at, parent }: TenantRow): TenantView => ({
  id,
  name,
  state,
  parent: parent ?? undefined,
  createdAt: created_at,
});

export async function listTenants(act: Act, page: PageRequest): Promise<Page<TenantView>> {
  const limit = pageLimit(page);
  const after = afterId('ten', page) as TenantId;
  const rows = await tenants(act)
    .where('t.id', '>', after)
    .where('t.id', '!=', ROOT_TENANT)
    .where('t.removed_at', 'is', null)
    .orderBy('t.id')
    .limit(limit + 1)
    .execute();
  return idPage('ten', rows.map(toView), limit);
}

export async function showTenant(act: Act, name: string): Promise<TenantView> {
  const { id } = await findTenant(act, name);
  return toView(await tenants(act).where('t.id', '=', id).executeTakeFirstOrThrow());
}

export async function setTenant(act: Act, name: string, state: TenantView['state']): Promise<TenantView> {
  const { id } = await findTenant(act, name);
  if (id === ROOT_TENANT)
    throw new DirectoryRefusal('conflict', 'tenant', 'the root tenant is the operator: it cannot be suspended');
  await act.updateTable('tenant').set({ state }).where('id', '=', id).execute();
  await ringAccounts(act);
  return showTenant(act, id);
}

export async function removeTenant(act: Act, name: string): Promise<void> {
  const tenant = await findTenant(act, name);
  if (tenant.id === ROOT_TENANT || tenant.id === DEFAULT_TENANT) {
    throw new DirectoryRefusal(
      'conflict',
      'tenant',
      `tenant ${tenant.name} belongs to the house and stays; suspend it instead`,
    );
  }
  const { domains, tenants: children } = await belowTenant(act, tenant.id);
  if (domains)
    throw new DirectoryRefusal(
      'conflict',
      'tenant',
      `tenant ${tenant.name} still has ${atLeast(domains)} domain(s): remove them first`,
    );
  if (children)
    throw new DirectoryRefusal(
      'conflict',
      'tenant',
      `tenant ${tenant.name} still has ${atLeast(children)} tenant(s) below it: remove them first`,
    );
  await sql`select remove_tenant(${tenant.id}::uuid)`.execute(act);
}
