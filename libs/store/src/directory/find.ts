/** Names (or shown ids) to rows. What a principal may not see does not exist for it. */
import { domainToASCII } from 'node:url';
import {
  checkAddress,
  checkDomainName,
  checkText,
  DirectoryRefusal,
  parseId,
  quoted,
  showAddress,
  type CanonicalAddress,
  type DirectoryScope,
  type DomainId,
  type MailboxId,
  type TenantId,
} from '#domain';
import type { Act } from './act.ts';

const missing = (field: string, message: string): DirectoryRefusal => new DirectoryRefusal('not-found', field, message);

export interface FoundTenant {
  readonly id: TenantId;
  readonly name: string;
}

export async function findTenant(act: Act, name: string): Promise<FoundTenant> {
  checkText('tenant', name);
  const id = parseId('ten', name);
  const row = await act
    .selectFrom('tenant')
    .select(['id', 'name'])
    .where('removed_at', 'is', null)
    .where((eb) => (id === undefined ? eb('name', '=', name.toLowerCase()) : eb('id', '=', id as TenantId)))
    .executeTakeFirst();
  if (!row) throw missing('tenant', `there is no tenant ${quoted(name)}`);
  return row;
}

export interface FoundDomain {
  readonly id: DomainId;
  readonly name: string;
  readonly tenantId: TenantId;
}

/** @param lock serialises changes of one domain's address book, so that an alias and a mailbox never take the same name at once */
export async function findDomain(
  act: Act,
  scope: DirectoryScope,
  name: string,
  { lock = false } = {},
): Promise<FoundDomain> {
  const id = parseId('dom', checkText('domain', name));
  const label = id === undefined ? checkDomainName(name, domainToASCII) : name;
  let query = act
    .selectFrom('domain')
    .select(['domain.id', 'domain.name', 'domain.tenant_id as tenantId'])
    .where('domain.removed_at', 'is', null)
    .where((eb) => (id === undefined ? eb('domain.name', '=', label) : eb('domain.id', '=', id as DomainId)));
  if (lock) query = query.forNoKeyUpdate();
  const row = await query.executeTakeFirst();
  if (!row) throw missing('domain', `there is no domain ${label}: add it with posthouse domain add ${label}`);
  const tenant = await findTenant(act, scope.tenant);
  if (row.tenantId === tenant.id) return row;
  const owner = await act.selectFrom('tenant').select('name').where('id', '=', row.tenantId).executeTakeFirst();
  throw missing(
    'domain',
    `domain ${row.name} is not of tenant ${tenant.name}: name its tenant with --tenant ${owner?.name ?? '..'}`,
  );
}

export interface FoundMailbox {
  readonly id: MailboxId;
  readonly name: string;
  readonly tenantId: TenantId;
  readonly domainId: DomainId;
}

/** By any of its addresses, or by id. */
export async function findMailbox(
  act: Act,
  scope: DirectoryScope,
  name: string,
  { lock = false } = {},
): Promise<FoundMailbox> {
  const id = parseId('mbx', checkText('address', name));
  if (id !== undefined) return findMailboxById(act, scope, id as MailboxId, name);
  const address = checkAddress(name, domainToASCII);
  const domain = await findDomain(act, scope, address.domain, { lock });
  const row = await mailboxAt(act, domain, address);
  if (!row) throw missing('address', `there is no mailbox ${address.local}@${address.domain}`);
  return row;
}

/** For what takes the whole mailbox: who names one of its further addresses may mean that address alone. */
export async function findByMainAddress(act: Act, scope: DirectoryScope, name: string): Promise<FoundMailbox> {
  const found = await findMailbox(act, scope, name, { lock: true });
  if (parseId('mbx', name) !== undefined || found.name === showAddress(checkAddress(name, domainToASCII))) return found;
  throw new DirectoryRefusal(
    'conflict',
    'address',
    `${quoted(name)} is a further address of mailbox ${found.name}: posthouse mailbox set ${found.name} --rm-address ${name} takes the address ` +
      `away, posthouse mailbox rm ${found.name} removes the mailbox`,
  );
}

async function findMailboxById(act: Act, scope: DirectoryScope, id: MailboxId, shown: string): Promise<FoundMailbox> {
  const tenant = await findTenant(act, scope.tenant);
  const row = await act
    .selectFrom('mailbox')
    .select(['id', 'name', 'tenant_id as tenantId', 'domain_id as domainId'])
    .where('tenant_id', '=', tenant.id)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw missing('address', `there is no mailbox ${quoted(shown)} in tenant ${tenant.name}`);
  return row;
}

/** The mailbox whose own address this is. */
export async function mailboxAt(
  act: Act,
  domain: FoundDomain,
  { local }: CanonicalAddress,
): Promise<FoundMailbox | undefined> {
  return act
    .selectFrom('address_target as g')
    .innerJoin('mailbox as m', (join) =>
      join.onRef('m.tenant_id', '=', 'g.tenant_id').onRef('m.id', '=', 'g.mailbox_id'),
    )
    .select(['m.id', 'm.name', 'm.tenant_id as tenantId', 'm.domain_id as domainId'])
    .where('g.tenant_id', '=', domain.tenantId)
    .where('g.domain_id', '=', domain.id)
    .where('g.local', '=', local)
    .where('g.kind', '=', 'address')
    .executeTakeFirst();
}
