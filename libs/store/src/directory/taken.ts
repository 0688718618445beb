/** Names of the address book that exist already. An address and an alias share their names. */
import { DirectoryRefusal, showRowName, type RowKind } from '#domain';
import { sql } from 'kysely';
import type { Act } from './act.ts';
import type { FoundDomain } from './find.ts';

const shares = (kind: RowKind): RowKind[] => (kind === 'address' || kind === 'alias' ? ['address', 'alias'] : [kind]);

/** Throws `conflict` where the name is taken. The caller holds the domain's lock. */
export async function requireFree(act: Act, domain: FoundDomain, kind: RowKind, local: string): Promise<void> {
  const taken = await act
    .selectFrom('address')
    .select('kind')
    .where('tenant_id', '=', domain.tenantId)
    .where('domain_id', '=', domain.id)
    .where('local', '=', local)
    .where('kind', 'in', shares(kind))
    .executeTakeFirst();
  if (taken) throw takenBy(taken.kind, { kind, local, domain: domain.name });
}

export const takenBy = (by: RowKind, name: { kind: RowKind; local: string; domain: string }): DirectoryRefusal =>
  new DirectoryRefusal(
    'conflict',
    name.kind === 'address' ? 'address' : 'alias',
    `${showRowName(name)} is ${KINDS[by]} already`,
  );

const KINDS: Readonly<Record<RowKind, string>> = {
  address: 'an address of a mailbox',
  alias: 'an alias',
  prefix: 'a prefix alias',
  'catch-all': 'a catch-all',
};

/** Of many addresses (`domain id` and local part) those that are taken, as `<domain id> <local>` with the kind that has them. */
export async function takenAmong(
  act: Act,
  domainIds: readonly string[],
  locals: readonly string[],
): Promise<Map<string, RowKind>> {
  const { rows } = await sql<{ domain_id: string; local: string; kind: RowKind }>`
    select a.domain_id, a.local, a.kind
      from unnest(${domainIds}::uuid[], ${locals}::text[]) as w (domain_id, local)
      join domain d on d.id = w.domain_id
     cross join lateral (
       select domain_id, local, kind from address
        where tenant_id = d.tenant_id and domain_id = d.id and local = w.local and kind in ('address', 'alias') offset 0) a`.execute(
    act,
  );
  return new Map(rows.map(({ domain_id, local, kind }) => [`${domain_id} ${local}`, kind]));
}
