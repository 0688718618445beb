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
import { newId } from '../new-id.ts';
import type { Act } from './act.ts';
import { atLeast, contentOf, countAliases, countMailboxes } from './counts.ts';
import { findDomain, findTenant, type FoundDomain } from './find.ts';
import { afterId, idPage, pageLimit } from './pages.ts';
import { markDomain } from './removal.ts';
import { ringAccounts } from './ring-accounts.ts';

export async function addDomain(
  act: Act,
  scope: DirectoryScope,
  text: string,
  separators: string | undefined,
): Promise<DomainId> {
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
  return inserted.id;
}

const domains = (act: Act) =>
  act
    .selectFrom('domain as d')
    .innerJoin('tenant as t', 't.id', 'd.tenant_id')
    .select(['d.id', 't.name as tenant', 'd.name', 'd.state', 'd.separators', 'd.created_at']);

type DomainRow = Awaited<ReturnType<ReturnType<typeof domains>['executeTakeFirstOrThrow']>>;

/** @param most index entries that one statement counts; what changes between two of them counts as it is then */
async function toViews(act: Act, rows: readonly DomainRow[], most: number): Promise<DomainView[]> {
  const ids = rows.map(({ id }) => id);
  const [mailboxes, aliases] = [await countMailboxes(act, ids, most), await countAliases(act, ids, most)];
  return rows.map(({ created_at, ...row }) => ({
    ...row,
    mailboxes: mailboxes.get(row.id) ?? 0,
    aliases: aliases.get(row.id) ?? 0,
    createdAt: created_at,
  }));
}

export async function viewDomain(act: Act, id: DomainId, most: number): Promise<DomainView> {
  const views = await toViews(act, await domains(act).where('d.id', '=', id).execute(), most);
  if (views[0]) return views[0];
  throw new DirectoryRefusal('not-found', 'domain', 'the domain was removed just now');
}

export async function listDomains(
  act: Act,
  scope: DirectoryScope,
  page: PageRequest,
  most: number,
): Promise<Page<DomainView>> {
  const limit = pageLimit(page);
  const tenant = await findTenant(act, scope.tenant);
  const rows = await domains(act)
    .where('d.tenant_id', '=', tenant.id)
    .where('d.removed_at', 'is', null)
    .where('d.id', '>', afterId('dom', page) as DomainId)
    .orderBy('d.id')
    .limit(limit + 1)
    .execute();
  return idPage('dom', await toViews(act, rows, most), limit);
}

export async function showDomain(act: Act, scope: DirectoryScope, name: string, most: number): Promise<DomainView> {
  return viewDomain(act, (await findDomain(act, scope, name)).id, most);
}

/** The change alone: who shows the domain counts what is in it, and holds no lock then. */
export async function setDomain(
  act: Act,
  scope: DirectoryScope,
  name: string,
  { state, separators }: { readonly state?: DomainView['state']; readonly separators?: string },
): Promise<DomainId> {
  const { id } = await findDomain(act, scope, name);
  const change = {
    ...(state !== undefined && { state }),
    ...(separators !== undefined && { separators: checkSeparators(separators) }),
  };
  if (Object.keys(change).length > 0) await act.updateTable('domain').set(change).where('id', '=', id).execute();
  if (state !== undefined) await ringAccounts(act);
  return id;
}

/** Its row alone: what lived in it is marked by `markSomeOf`, in transactions of their own. Gives the domain where there is more to do. */
export async function removeDomain(
  act: Act,
  scope: DirectoryScope,
  name: string,
  cascade: boolean,
): Promise<FoundDomain> {
  const domain = await findDomain(act, scope, name, { lock: true });
  if (!cascade) await requireEmpty(act, domain);
  await markDomain(act, domain);
  return domain;
}

async function requireEmpty(act: Act, domain: FoundDomain): Promise<void> {
  const { mailboxes, aliases } = await contentOf(act, domain.id);
  if (mailboxes + aliases > 0) {
    const content = `${atLeast(mailboxes)} mailbox(es) and ${atLeast(aliases)} alias(es)`;
    throw new DirectoryRefusal(
      'conflict',
      'domain',
      `domain ${domain.name} still has ${content}: remove them, or give --cascade to remove all of it`,
    );
  }
}
