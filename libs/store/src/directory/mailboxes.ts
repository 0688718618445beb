import { domainToASCII } from 'node:url';
import {
  checkAddress,
  checkReachable,
  checkQuota,
  DirectoryRefusal,
  showAddress,
  showId,
  type DirectoryScope,
  type MailboxChange,
  type MailboxId,
  type MailboxView,
  type Page,
  type PageRequest,
  type TenantId,
} from '#domain';
import { sql } from 'kysely';
import type { Act } from './act.ts';
import { findDomain, findMailbox, findTenant, type FoundMailbox } from './find.ts';
import { afterId, pageLimit, toPage } from './pages.ts';
import { ringAccounts } from './ring-accounts.ts';
import { requireFree } from './taken.ts';

const mailboxes = (act: Act) =>
  act
    .selectFrom('mailbox as m')
    .innerJoin('tenant as t', 't.id', 'm.tenant_id')
    .leftJoin('mailbox_usage as u', (join) =>
      join.onRef('u.tenant_id', '=', 'm.tenant_id').onRef('u.mailbox_id', '=', 'm.id'),
    )
    .leftJoin('credential as c', (join) =>
      join.onRef('c.tenant_id', '=', 'm.tenant_id').onRef('c.mailbox_id', '=', 'm.id'),
    )
    .select((eb) => [
      'm.id',
      't.name as tenant',
      'm.name',
      'm.state',
      'm.quota_octets',
      'm.quota_messages',
      'u.octets',
      'u.messages',
      'c.changed_at',
      'm.created_at',
      eb
        // Fenced: the index of the mailbox is the one way in, however the rest is joined.
        .selectFrom((fenced) =>
          fenced
            .selectFrom('address_target as own')
            .select(['own.tenant_id', 'own.domain_id', 'own.local', 'own.kind'])
            .whereRef('own.mailbox_id', '=', 'm.id')
            .offset(sql<number>`0`)
            .as('g'),
        )
        .innerJoin('domain as d', 'd.id', 'g.domain_id')
        .select(sql<string[]>`array_agg(g.local || '@' || d.name order by g.local, d.name)`.as('addresses'))
        .whereRef('g.tenant_id', '=', 'm.tenant_id')
        .where('g.kind', '=', 'address')
        .as('addresses'),
    ]);

type MailboxRow = Awaited<ReturnType<ReturnType<typeof mailboxes>['executeTakeFirstOrThrow']>>;

const toView = (row: MailboxRow): MailboxView => ({
  id: row.id,
  tenant: row.tenant,
  name: row.name,
  addresses: row.addresses ?? [],
  state: row.state,
  hasPassword: row.changed_at !== null,
  quotaOctets: row.quota_octets ?? undefined,
  quotaMessages: row.quota_messages ?? undefined,
  usedOctets: row.octets ?? 0,
  usedMessages: row.messages ?? 0,
  createdAt: row.created_at,
});

export const viewMailbox = async (act: Act, tenantId: TenantId, id: MailboxId): Promise<MailboxView> =>
  toView(await mailboxes(act).where('m.tenant_id', '=', tenantId).where('m.id', '=', id).executeTakeFirstOrThrow());

/** A cursor is the id and the name of the last mailbox of a page, which may be gone when the next one is read. */
function afterName({ after }: PageRequest): { readonly name: string; readonly id: string } {
  const space = after?.indexOf(' ') ?? -1;
  const id = afterId('mbx', after === undefined ? {} : { after: space < 0 ? after : after.slice(0, space) });
  return { name: space < 0 ? '' : (after ?? '').slice(space + 1).replaceAll('\0', ''), id };
}

export async function listMailboxes(act: Act, scope: DirectoryScope, page: PageRequest): Promise<Page<MailboxView>> {
  const limit = pageLimit(page);
  const tenant = await findTenant(act, scope.tenant);
  const after = afterName(page);
  let query = mailboxes(act)
    .where('m.tenant_id', '=', tenant.id)
    .where(sql<boolean>`(m.name, m.id) > (${after.name}::text, ${after.id}::uuid)`);
  if (page.domain !== undefined)
    query = query.where('m.domain_id', '=', (await findDomain(act, scope, page.domain)).id);
  const rows = await query
    .orderBy('m.name')
    .orderBy('m.id')
    .limit(limit + 1)
    .execute();
  return toPage(rows.map(toView), limit, ({ name, id }) => `${showId('mbx', id)} ${name}`);
}

export async function mailboxNames(act: Act, ids: readonly MailboxId[]): Promise<ReadonlyMap<MailboxId, string>> {
  const rows = await act
    .selectFrom('mailbox')
    .select(['id', 'name'])
    .where('id', '=', sql<MailboxId>`any(${[...ids]}::uuid[])`)
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

export async function showMailbox(act: Act, scope: DirectoryScope, address: string): Promise<MailboxView> {
  const { tenantId, id } = await findMailbox(act, scope, address);
  return viewMailbox(act, tenantId, id);
}

export async function setMailbox(
  act: Act,
  scope: DirectoryScope,
  address: string,
  change: MailboxChange,
): Promise<MailboxView> {
  const mailbox = await findMailbox(act, scope, address, { lock: true });
  const { state, quotaOctets, quotaMessages, passwordHash } = change;
  const columns = {
    ...(state !== undefined && { state }),
    ...(quotaOctets !== undefined && { quota_octets: toQuota('quota', quotaOctets) }),
    ...(quotaMessages !== undefined && { quota_messages: toQuota('message quota', quotaMessages) }),
  };
  if (Object.keys(columns).length > 0) {
    await act
      .updateTable('mailbox')
      .set(columns)
      .where('tenant_id', '=', mailbox.tenantId)
      .where('id', '=', mailbox.id)
      .execute();
  }
  if (passwordHash !== undefined) await setPassword(act, mailbox, passwordHash);
  if (state !== undefined || passwordHash !== undefined) await ringAccounts(act, mailbox.id);
  for (const added of change.addAddresses ?? []) await addAddress(act, scope, mailbox, added);
  for (const removed of change.removeAddresses ?? []) await removeAddress(act, scope, mailbox, removed);
  return viewMailbox(act, mailbox.tenantId, mailbox.id);
}

const toQuota = (field: string, value: number | 'none'): number | null =>
  value === 'none' ? null : checkQuota(field, value);

async function setPassword(act: Act, { tenantId, id }: FoundMailbox, hash: string): Promise<void> {
  if (hash === 'none') {
    await act.deleteFrom('credential').where('tenant_id', '=', tenantId).where('mailbox_id', '=', id).execute();
    return;
  }
  // Not ON CONFLICT: that would have to read the hash, which this role must not.
  const updated = await act
    .updateTable('credential')
    .set({ hash, changed_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('mailbox_id', '=', id)
    .executeTakeFirst();
  if (updated.numUpdatedRows === 0n)
    await act.insertInto('credential').values({ tenant_id: tenantId, mailbox_id: id, hash }).execute();
}

async function addAddress(act: Act, scope: DirectoryScope, mailbox: FoundMailbox, text: string): Promise<void> {
  const address = checkReachable(text, checkAddress(text, domainToASCII));
  const domain = await findDomain(act, scope, address.domain, { lock: true });
  await requireFree(act, domain, 'address', address.local);
  const key = { tenant_id: mailbox.tenantId, domain_id: domain.id, local: address.local, kind: 'address' as const };
  await act.insertInto('address').values(key).execute();
  await act
    .insertInto('address_target')
    .values({ ...key, position: 0, mailbox_id: mailbox.id, forward_path: null })
    .execute();
}

async function removeAddress(act: Act, scope: DirectoryScope, mailbox: FoundMailbox, text: string): Promise<void> {
  const address = checkAddress(text, domainToASCII);
  const shown = showAddress(address);
  if (shown === mailbox.name) {
    throw new DirectoryRefusal(
      'conflict',
      'address',
      `${shown} is the mailbox's own name: remove the mailbox, or one of its other addresses`,
    );
  }
  const found = await findMailbox(act, scope, shown, { lock: true });
  if (found.id !== mailbox.id)
    throw new DirectoryRefusal('not-found', 'address', `${shown} is no address of ${mailbox.name}`);
  const domain = await findDomain(act, scope, address.domain);
  await act
    .deleteFrom('address')
    .where('tenant_id', '=', mailbox.tenantId)
    .where('domain_id', '=', domain.id)
    .where('local', '=', address.local)
    .where('kind', '=', 'address')
    .execute();
}
