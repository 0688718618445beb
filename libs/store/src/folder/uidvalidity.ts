/**
 * After a restore from a backup: the folders' UIDs are those of the backup, and new mail would get UIDs that clients know for mail that came
 * after it. RFC 3501 2.3.1.1: every UIDVALIDITY changes, so that clients read anew.
 */
import { guardPool, HouseError } from '#runtime';
import pg from 'pg';
import { connectedApps } from '../connected-apps.ts';

/** Values left out: folders made after the backup, of which the restored database knows nothing, had some of them. 150 restores use up what there is. */
export const UIDVALIDITY_GAP = 2 ** 24;
/** Folders of one transaction. */
const PAGE = 2_000;

export interface RaiseOptions {
  /** Refuse while an app is connected: a session goes on with the UIDVALIDITY it was told. */
  readonly appsAway?: boolean;
  readonly page?: number;
  /** Folders done so far, after each transaction. */
  readonly onProgress?: (done: number) => void;
}

const LEAP = `
select setval('folder_uidvalidity', greatest(last_value, extract(epoch from now())::bigint) + ${UIDVALIDITY_GAP}) from folder_uidvalidity`;

/** $1 tenant, $2 folder behind which to go on, $3 folders. */
const RAISE = `
with page as (
  select tenant_id, id from folder where (tenant_id, id) > ($1::uuid, $2::uuid) order by tenant_id, id limit $3 for update
), raised as (
  update folder f set uidvalidity = nextval('folder_uidvalidity') from page p where f.tenant_id = p.tenant_id and f.id = p.id
)
select tenant_id, id, count(*) over ()::int as folders from page order by tenant_id desc, id desc limit 1`;

const FIRST = '00000000-0000-0000-0000-000000000000';

interface PageRow {
  tenant_id: string;
  id: string;
  folders: number;
}

/**
 * Gives every folder a UIDVALIDITY that none ever had. Bounded transactions; one that was broken off is done whole by the next.
 * @returns folders
 * @throws HouseError with `appsAway` while an app is connected
 */
export async function raiseUidValidities(
  ownerUrl: string,
  { appsAway = false, page = PAGE, onProgress }: RaiseOptions = {},
): Promise<number> {
  const apps = appsAway ? await connectedApps(ownerUrl) : [];
  if (apps.length > 0)
    throw new HouseError(
      `${apps.map(({ role }) => role).join(', ')} connected to this database: stop all apps, run this again, then start them`,
    );
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 1, application_name: 'posthouse restored' });
  guardPool(pool, () => undefined);
  try {
    await pool.query(LEAP);
    let [tenant, folder, done] = [FIRST, FIRST, 0];
    for (;;) {
      const [last] = (await pool.query<PageRow>(RAISE, [tenant, folder, page])).rows;
      if (!last) return done;
      [tenant, folder, done] = [last.tenant_id, last.id, done + last.folders];
      onProgress?.(done);
    }
  } finally {
    await pool.end();
  }
}
