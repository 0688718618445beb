/** Targets of aliases at hosts that are not ours: this release keeps mail for them waiting. */
import { sql } from 'kysely';
import type { Act } from '../directory/act.ts';
import { ROWS_PER_PAGE, ZERO_ID } from './pages.ts';

type Key = readonly [tenant: string, domain: string, local: string, kind: string, position: number];

interface Page {
  readonly count: number;
  /** Where a full page ends. */
  readonly last: Key | null;
}

/** Counts them, page by page in the order of the key. @param page rows of one statement */
export async function countTargetsElsewhere(act: Act, page = ROWS_PER_PAGE): Promise<number> {
  let all = 0;
  for (let last: Key | null = [ZERO_ID, ZERO_ID, '', '', 0]; last;) {
    const [tenant, domain, local, kind, position]: Key = last;
    const { rows }: { rows: Page[] } = await sql<Page>`
      with page as materialized (
        select tenant_id, domain_id, local, kind, position,
               forward_path is not null and not exists (
                 select from domain d where d.name = lower(regexp_replace(forward_path, '^.*@', '')) and d.removed_at is null) as elsewhere
          from address_target
         where (tenant_id, domain_id, local, kind, position) > (${tenant}::uuid, ${domain}::uuid, ${local}, ${kind}, ${position}::int)
         order by tenant_id, domain_id, local, kind, position limit ${sql.lit(page)}
      )
      select count(*) filter (where elsewhere) as count,
             (select json_build_array(tenant_id, domain_id, local, kind, position) from page offset ${sql.lit(page - 1)} limit 1) as last
        from page`.execute(act);
    all += rows[0]?.count ?? 0;
    last = rows[0]?.last ?? null;
  }
  return all;
}
