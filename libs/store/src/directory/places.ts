/** How many places aliases lead to, counted in the database: RCPT need not have thousands of addresses looked up one by one. */
import { MAX_EXPANSION_DEPTH, type AliasRow } from '#domain';
import { columns } from '../columns.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';

/** Targets that one count looks at, those that are met again included: what a web of aliases hides behind them is found at the expansion. */
export const MAX_COUNTED = 40_000;

/**
 * $1 tenant, $2 domain, $3 kind and $4 local part of each row. Never more than there are: addresses are followed where a row has their exact
 * name, which comes before all others. Each look-up stands behind OFFSET 0, as in DIRECTORY_FACTS; the walk goes on while the LIMIT asks for rows.
 */
const COUNT_PLACES: HotStatement = {
  name: 'count_places',
  text: `
select w.at, (
  with recursive walk as (
    select w.tenant_id, w.domain_id, w.kind, w.local, null::text as met, 0 as depth
    union all
    select a.tenant_id, a.domain_id, a.kind, a.local, coalesce(g.mailbox_id::text, lower(g.forward_path)), walk.depth + 1
      from walk
     cross join lateral (
       select mailbox_id, forward_path from address_target t
        where t.tenant_id = walk.tenant_id and t.domain_id = walk.domain_id and t.local = walk.local and t.kind = walk.kind offset 0) g
      left join lateral (
        select d.tenant_id, d.id from domain d
         where d.name = lower(substring(g.forward_path from '@([^@]*)$')) and d.state = 'active' offset 0) d on true
      left join lateral (
        select tenant_id, domain_id, kind, local from address
         where tenant_id = d.tenant_id and domain_id = d.id and local = lower(substring(g.forward_path from '^(.*)@')) and kind in ('address', 'alias')
         order by kind limit 1) a on true
     where walk.depth <= ${MAX_EXPANSION_DEPTH}
  )
  select count(distinct met)::int from (select met from walk limit ${MAX_COUNTED}) as some_of_them
) as places
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) with ordinality as w (tenant_id, domain_id, kind, local, at)
 order by w.at`,
};

const key = ({ domainId, kind, local }: AliasRow): string => `${domainId} ${kind} ${local}`;

/** Addresses and mailboxes that each row leads to, in order; its own where a circle leads back to it. Some may be missing from the count. */
export async function countPlaces(connection: HotConnection, rows: readonly AliasRow[]): Promise<number[]> {
  const asked = [...new Map(rows.map((row) => [key(row), row])).entries()];
  const values = columns(
    asked.map(([, row]) => row),
    ({ tenantId }) => tenantId,
    ({ domainId }) => domainId,
    ({ kind }) => kind,
    ({ local }) => local,
  );
  const found = await connection.query<{ places: number }>(COUNT_PLACES, values);
  const counts = new Map(asked.map(([name], at) => [name, found[at]?.places ?? 0]));
  return rows.map((row) => counts.get(key(row)) ?? 0);
}
