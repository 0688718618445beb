/** The UIDs of a folder as it was at a SELECT, read in pages however many there are. */
import { MAX_UID, type FolderState } from '#domain';
import type { HotStatement, Reader } from '../hot-connection.ts';
import { PACKED_UIDS, unpack } from './compact.ts';

/** UIDs of one page; four octets each. */
export const SNAPSHOT_PAGE = 20_000;

/** $1 tenant, $2 folder, $3 the first UID, $4 UIDNEXT of the moment. */
const LIVE: HotStatement = {
  name: 'folder_snapshot_live',
  text: `
select ${PACKED_UIDS} as uids from (
  select uid from folder_message where tenant_id = $1::uuid and folder_id = $2::uuid and uid >= $3::bigint and uid < $4::bigint
   order by uid limit ${SNAPSHOT_PAGE}) as those`,
};

/** $1 tenant, $2 folder, $3 MODSEQ and $4 UID behind which, $5 the first UID, $6 UIDNEXT of the moment. */
const GONE: HotStatement = {
  name: 'folder_snapshot_gone',
  text: `
select count(*) as rows, max(array[modseq, uid]) as last, ${PACKED_UIDS} filter (where uid >= $5::bigint and uid < $6::bigint) as uids from (
  select modseq, uid from tombstone where tenant_id = $1::uuid and folder_id = $2::uuid and (modseq, uid) > ($3::bigint, $4::bigint)
   order by modseq, uid limit ${SNAPSHOT_PAGE}) as those`,
};

interface GoneRow {
  rows: number;
  last: [modseq: string, uid: string] | null;
  uids: Buffer | null;
}

/**
 * What lives, page by page, and behind it what has gone since: a message that goes between the two reads is in both, and none is in neither.
 * @param first UIDs from here on
 */
export async function snapshot(reader: Reader, at: FolderState, first = 1): Promise<Uint32Array> {
  // Asked at once where one page is all: a pipelined connection answers them in this order.
  const gone = at.messages < SNAPSHOT_PAGE ? goneSince(reader, at, first) : undefined;
  gone?.catch(() => undefined);
  const live = await liveBelow(reader, at, first);
  return merged(live, await (gone ?? goneSince(reader, at, first)));
}

async function liveBelow(
  reader: Reader,
  { tenantId, folderId, uidNext }: FolderState,
  first: number,
): Promise<Uint32Array> {
  const pages: Uint32Array[] = [];
  for (let from = first; ;) {
    const [row] = await reader.query<{ uids: Buffer | null }>(LIVE, [tenantId, folderId, from, uidNext]);
    const page = unpack(row?.uids);
    pages.push(page);
    if (page.length < SNAPSHOT_PAGE) return joined(pages);
    from = (page.at(-1) ?? 0) + 1;
  }
}

async function goneSince(
  reader: Reader,
  { tenantId, folderId, highestModseq, uidNext }: FolderState,
  first: number,
): Promise<Uint32Array[]> {
  const pages: Uint32Array[] = [];
  let last: readonly [modseq: number, uid: number] = [highestModseq, MAX_UID];
  for (;;) {
    const [row] = await reader.query<GoneRow>(GONE, [tenantId, folderId, ...last, first, uidNext]);
    if (row?.uids) pages.push(unpack(row.uids));
    if (!row?.last || row.rows < SNAPSHOT_PAGE) return pages;
    last = [Number(row.last[0]), Number(row.last[1])];
  }
}

function joined(pages: readonly Uint32Array[]): Uint32Array {
  const [only] = pages;
  if (only && pages.length === 1) return only;
  const all = new Uint32Array(pages.reduce((sum, page) => sum + page.length, 0));
  let length = 0;
  for (const page of pages) {
    all.set(page, length);
    length += page.length;
  }
  return all;
}

/** Both in one, ascending, each UID once. */
function merged(live: Uint32Array, pages: readonly Uint32Array[]): Uint32Array {
  if (pages.length === 0) return live;
  const gone = joined(pages).sort();
  const all = new Uint32Array(live.length + gone.length);
  let length = 0;
  for (let at = 0, other = 0; at < live.length || other < gone.length; length++) {
    const uid = live[at] ?? Infinity;
    const late = gone[other] ?? Infinity;
    all[length] = Math.min(uid, late);
    if (uid <= late) at++;
    if (late <= uid) other++;
  }
  return all.slice(0, length);
}
