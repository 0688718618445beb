/** What is in domains, counted page by page: no statement is longer than its page, however large a domain. */
import type { DomainId, TenantId } from '#domain';
import { sql, type RawBuilder } from 'kysely';
import type { Act } from './act.ts';

/** Index entries that one statement counts. */
export const COUNTED_AT_ONCE = 10_000;
/** Counted at most where a refusal says how much there still is. */
const COUNTED_FOR_REFUSAL = 1_000;

interface CountRow {
  domain_id: DomainId;
  count: number;
  /** Where a full page ends. */
  last_domain: DomainId | null;
  last: string | null;
}

type Counts = ReadonlyMap<DomainId, number>;

/** Sorts before every id. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

export const countMailboxes = (act: Act, domains: readonly DomainId[], most: number): Promise<Counts> =>
  count(
    act,
    domains,
    most,
    BEFORE_ALL,
    sql`
    select id::text as last from mailbox where domain_id = d.id and id > w.after::uuid order by id`,
  );

/** Of any kind; addresses of mailboxes are none. */
export const countAliases = (act: Act, domains: readonly DomainId[], most: number): Promise<Counts> =>
  count(
    act,
    domains,
    most,
    ' ',
    sql`
    select kind || ' ' || local as last from address
     where tenant_id = d.tenant_id and domain_id = d.id and kind <> 'address'
       and (local, kind) > (substr(w.after, strpos(w.after, ' ') + 1), split_part(w.after, ' ', 1))
     order by local, kind`,
  );

/**
 * @param most rows of one statement
 * @param first comes before every row
 * @param behind the rows of the domain `d` behind `w.after`, in the order of an index; `last` of one of them is where the next page begins
 */
async function count(
  act: Act,
  domains: readonly DomainId[],
  most: number,
  first: string,
  behind: RawBuilder<unknown>,
): Promise<Counts> {
  const counts = new Map<DomainId, number>();
  let [left, after] = [domains, first];
  while (left.length > 0) {
    const afters = left.map((_, at) => (at === 0 ? after : first));
    const { rows }: { rows: CountRow[] } = await sql<CountRow>`
      with page as materialized (
        select d.id as domain_id, found.last
          from unnest(${left}::uuid[], ${afters}::text[]) with ordinality as w (id, after, at)
         cross join lateral (select id, tenant_id from domain where id = w.id limit 1) d
         cross join lateral (${behind} limit ${sql.lit(most)}) found
         order by w.at limit ${sql.lit(most)}
      ), ended as (select domain_id, last from page offset ${sql.lit(most - 1)} limit 1)
      select domain_id, count(*) as count, (select domain_id from ended) as last_domain, (select last from ended) as last
        from page group by domain_id`.execute(act);
    for (const row of rows) counts.set(row.domain_id, row.count + (counts.get(row.domain_id) ?? 0));
    const { last_domain: domain, last } = rows[0] ?? {};
    left = domain ? left.slice(left.indexOf(domain)) : [];
    after = last ?? first;
  }
  return counts;
}

interface Content {
  mailboxes: number;
  aliases: number;
}

/** Up to COUNTED_FOR_REFUSAL of each. */
export async function contentOf(act: Act, domain: DomainId): Promise<Content> {
  const { rows } = await sql<Content>`
    select (select count(*) from (select from mailbox where domain_id = d.id order by id limit ${sql.lit(COUNTED_FOR_REFUSAL)}) m) as mailboxes,
           (select count(*) from (select from address
             where tenant_id = d.tenant_id and domain_id = d.id and kind <> 'address' order by local, kind limit ${sql.lit(COUNTED_FOR_REFUSAL)}) a) as aliases
      from domain d where d.id = ${domain}`.execute(act);
  return rows[0] ?? { mailboxes: 0, aliases: 0 };
}

interface Below {
  domains: number;
  tenants: number;
}

/** Up to COUNTED_FOR_REFUSAL of each; what is being removed does not count. */
export async function belowTenant(act: Act, tenant: TenantId): Promise<Below> {
  const { rows } = await sql<Below>`
    select (select count(*) from (select from domain where tenant_id = ${tenant} and removed_at is null limit ${sql.lit(COUNTED_FOR_REFUSAL)}) d) as domains,
           (select count(*) from (select from tenant where parent_id = ${tenant} and removed_at is null limit ${sql.lit(COUNTED_FOR_REFUSAL)}) t) as tenants`.execute(
    act,
  );
  return rows[0] ?? { domains: 0, tenants: 0 };
}

/** Of a count that ends at COUNTED_FOR_REFUSAL. */
export const atLeast = (count: number): string =>
  count < COUNTED_FOR_REFUSAL ? String(count) : `${COUNTED_FOR_REFUSAL} or more`;
