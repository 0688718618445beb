import { domainToASCII } from 'node:url';
import {
  checkDomainName,
  checkSeparators,
  DirectoryRefusal,
  type DirectoryScope,
  type DomainId,
  type DomainView,
  type Page,
  type PageRequest,
} from '#domain';
import { sql } from 'kysely';
import { newId } from '../new-id.ts';
import type { Act } from './act.ts';
import { findDomain, findTenant, type FoundDomain } from './find.ts';
import { afterId, idPage, pageLimit } from './pages.ts';
import { markDomain } from './removal.ts';
import { ringAccounts } from './ring-accounts.ts';

export async function addDomain(
  act: Act,
  scope: DirectoryScope,
  text: string,
  separators: string | undefined,
): Promise<DomainView> {
  const name = checkDomainName(text, domainToASCII);
  const chosen = separators === undefined ? '+' : checkSeparators(separators);
  const tenant = await findTenant(act, scope.tenant);
  // A name of another tenant is taken as well, and the principal need not see whose it is.
  const inserted = await act
    .insertInto('domain')
    .values({ id: newId() as DomainId, tenant_id: tenant.id, name, separators: chosen })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) throw new DirectoryRefusal('conflict', 'domain', `domain ${name} is hosted here already`);
  return viewDomain(act, inserted.id);
}

const domains = (act: Act) =>
  act
    .selectFrom('domain as d')
    .innerJoin('tenant as t', 't.id', 'd.tenant_id')
    .select((eb) => [
      'd.id',
      't.name as tenant',
      'd.name',
      'd.state',
      'd.separators',
      'd.created_at',
      eb
        .selectFrom('mailbox as m')
        .select(sql<number>`count(*)`.as('n'))
        .whereRef('m.tenant_id', '=', 'd.tenant_id')
        .whereRef('m.domain_id', '=', 'd.id')
        .as('mailboxes'),
      eb
        .selectFrom('address as a')
        .select(sql<number>`count(*)`.as('n'))
        .whereRef('a.tenant_id', '=', 'd.tenant_id')
        .whereRef('a.domain_id', '=', 'd.id')
        .where('a.kind', '!=', 'address')
        .as('aliases'),
    ]);

type DomainRow = Awaited<ReturnType<ReturnType<typeof domains>['executeTakeFirstOrThrow']>>;

const toView = ({ created_at, mailboxes, aliases, ...row }: DomainRow): DomainView => ({
  ...row,
  mailboxes: mailboxes ?? 0,
  aliases: aliases ?? 0,
  createdAt: created_at,
});

const viewDomain = async (act: Act, id: DomainId): Promise<DomainView> =>
  toView(await domains(act).where('d.id', '=', id).executeTakeFirstOrThrow());

export async function listDomains(act: Act, scope: DirectoryScope, page: PageRequest): Promise<Page<DomainView>> {
  const limit = pageLimit(page);
  const tenant = await findTenant(act, scope.tenant);
  const rows = await domains(act)
    .where('d.tenant_id', '=', tenant.id)
    .where('d.removed_at', 'is', null)
    .where('d.id', '>', afterId('dom', page) as DomainId)
    .orderBy('d.id')
    .limit(limit + 1)
    .execute();
  return idPage('dom', rows.map(toView), limit);
}

export async function showDomain(act: Act, scope: DirectoryScope, name: string): Promise<DomainView> {
  return viewDomain(act, (await findDomain(act, scope, name)).id);
}

export async function setDomain(
  act: Act,
  scope: DirectoryScope,
  name: string,
  { state, separators }: { readonly state?: DomainView['state']; readonly separators?: string },
): Promise<DomainView> {
  const { id } = await findDomain(act, scope, name);
  const change = {
    ...(state !== undefined && { state }),
    ...(separators !== undefined && { separators: checkSeparators(separators) }),
  };
  if (Object.keys(change).length > 0) await act.updateTable('domain').set(change).where('id', '=', id).execute();
  if (state !== undefined) await ringAccounts(act);
  return viewDomain(act, id);
}

/** Its row alone: what lived in it is marked by `markSomeOf`, in transactions of their own. Gives the domain where there is more to do. */
export async function removeDomain(
  act: Act,
  scope: DirectoryScope,
  name: string,
  cascade: boolean,
): Promise<FoundDomain> {
  const domain = await findDomain(act, scope, name, { lock: true });
  const { mailboxes, aliases } = await viewDomain(act, domain.id);
  if (!cascade && mailboxes + aliases > 0) {
    const content = `${mailboxes} mailbox(es) and ${aliases} alias(es)`;
    throw new DirectoryRefusal(
      'conflict',
      'domain',
      `domain ${domain.name} still has ${content}: remove them, or give --cascade to remove all of it`,
    );
  }
  await markDomain(act, domain);
  return domain;
}
