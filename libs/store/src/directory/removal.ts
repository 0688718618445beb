/**
 * Removal: marked in one short transaction, and swept later (`sweep_removed` in migration 0017). What is marked resolves no more, lets
 * nobody in and takes no mail; its name is free at once. A mailbox can be restored until the sweep begins with it.
 */
import {
  DirectoryRefusal,
  parseId,
  quoted,
  type DirectoryScope,
  type DomainId,
  type MailboxId,
  type MailboxView,
  type Page,
  type PageRequest,
  type RemovedMailboxView,
  type TenantId,
} from '#domain';
import { sql } from 'kysely';
import type { Act } from './act.ts';
import { findTenant, type FoundDomain, type FoundMailbox } from './find.ts';
import { viewMailbox } from './mailboxes.ts';
import { afterId, idPage, pageLimit } from './pages.ts';
import { ringAccounts } from './ring-accounts.ts';

/** Mailboxes of a domain that one transaction marks. */
const MARKED_AT_ONCE = 100;

export async function markMailbox(act: Act, { tenantId, id }: FoundMailbox): Promise<void> {
  await sql`select remove_mailbox(${tenantId}::uuid, ${id}::uuid)`.execute(act);
}

/** The domain's name is free; its mailboxes are marked by `markSomeOf`, and with the last of them the domain is gone. */
export async function markDomain(act: Act, { id }: FoundDomain): Promise<void> {
  await sql`
    update domain set state = 'disabled', removed_at = now(), removed_name = name, name = ':' || id
     where id = ${id}::uuid and removed_at is null`.execute(act);
  await ringAccounts(act);
}

/** @returns whether there may be more */
export async function markSomeOf(act: Act, { tenantId, id }: { tenantId: TenantId; id: DomainId }): Promise<boolean> {
  const { rows } = await sql<{
    more: boolean;
  }>`select remove_domain(${tenantId}::uuid, ${id}::uuid, ${MARKED_AT_ONCE}) as more`.execute(act);
  return rows[0]?.more === true;
}

const removed = (act: Act) =>
  act
    .selectFrom('removed_mailbox as r')
    .innerJoin('tenant as t', 't.id', 'r.tenant_id')
    .select((eb) => [
      'r.id',
      't.name as tenant',
      'r.tenant_id',
      'r.name',
      'r.domain',
      'r.removed_at',
      'r.purging',
      eb
        .selectFrom('folder as f')
        .select(sql<number>`coalesce(sum(f.messages), 0)::bigint`.as('n'))
        .whereRef('f.tenant_id', '=', 'r.tenant_id')
        .whereRef('f.mailbox_id', '=', 'r.id')
        .as('messages'),
      eb
        .selectFrom('folder as f')
        .select(sql<number>`coalesce(sum(f.octets), 0)::bigint`.as('n'))
        .whereRef('f.tenant_id', '=', 'r.tenant_id')
        .whereRef('f.mailbox_id', '=', 'r.id')
        .as('octets'),
    ]);

type RemovedRow = Awaited<ReturnType<ReturnType<typeof removed>['executeTakeFirstOrThrow']>>;

const toView = ({ id, tenant, name, removed_at, purging, messages, octets }: RemovedRow): RemovedMailboxView => ({
  id,
  tenant,
  name,
  messages: messages ?? 0,
  octets: octets ?? 0,
  removedAt: removed_at,
  purging,
});

export async function listRemoved(
  act: Act,
  scope: DirectoryScope,
  page: PageRequest,
): Promise<Page<RemovedMailboxView>> {
  const limit = pageLimit(page);
  const tenant = await findTenant(act, scope.tenant);
  const rows = await removed(act)
    .where('r.tenant_id', '=', tenant.id)
    .where('r.id', '>', afterId('mbx', page) as MailboxId)
    .orderBy('r.id')
    .limit(limit + 1)
    .execute();
  return idPage('mbx', rows.map(toView), limit);
}

/** By its name, the youngest of several, or by its id. */
export async function restoreMailbox(act: Act, scope: DirectoryScope, text: string): Promise<MailboxView> {
  const tenant = await findTenant(act, scope.tenant);
  const id = parseId('mbx', text);
  const row = await removed(act)
    .where('r.tenant_id', '=', tenant.id)
    .where((eb) => (id === undefined ? eb('r.name', '=', text.toLowerCase()) : eb('r.id', '=', id as MailboxId)))
    .orderBy('r.removed_at', 'desc')
    .executeTakeFirst();
  if (!row || row.purging) {
    const why = row ? 'its time is over and its mail is being removed' : 'nothing of it is kept';
    throw new DirectoryRefusal('not-found', 'address', `mailbox ${quoted(text)} cannot be restored: ${why}`);
  }
  await requireDomain(act, row);
  await requireFreeName(act, row);
  await sql`select restore_mailbox(${row.tenant_id}::uuid, ${row.id}::uuid)`.execute(act);
  return viewMailbox(act, row.tenant_id, row.id);
}

async function requireDomain(act: Act, { tenant_id, tenant, domain, name }: RemovedRow): Promise<void> {
  const found = await act
    .selectFrom('domain')
    .select('id')
    .where('tenant_id', '=', tenant_id)
    .where('name', '=', domain)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (found) return;
  throw new DirectoryRefusal(
    'conflict',
    'domain',
    `mailbox ${name} cannot be restored: tenant ${tenant} has no domain ${domain} any more; add it first`,
  );
}

async function requireFreeName(act: Act, { tenant_id, name, domain }: RemovedRow): Promise<void> {
  const taken = await act
    .selectFrom('address as a')
    .innerJoin('domain as d', 'd.id', 'a.domain_id')
    .select('a.kind')
    .where('a.tenant_id', '=', tenant_id)
    .where('d.name', '=', domain)
    .where('a.local', '=', name.slice(0, name.lastIndexOf('@')))
    .where('a.kind', 'in', ['address', 'alias'])
    .executeTakeFirst();
  if (!taken) return;
  throw new DirectoryRefusal(
    'conflict',
    'address',
    `mailbox ${name} cannot be restored: its address was given to ${taken.kind === 'alias' ? 'an alias' : 'another mailbox'} since; remove that first`,
  );
}
