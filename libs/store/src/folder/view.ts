/**
 * Folder rows, and what open sessions need to stay in step with them. A folder whose id is known is looked up by it alone: `is not distinct from`
 * keeps the planner from the index of the mailbox's folders, all of which it would read.
 */
import {
  MAX_UID,
  superiors,
  type Account,
  type FolderChanges,
  type FolderEntry,
  type FolderId,
  type FolderList,
  type FolderName,
  type FolderRef,
  type FolderState,
  type SpecialUse,
  type SyncPoint,
} from '#domain';
import type { HotConnection, HotStatement, Reader } from '../hot-connection.ts';
import { PACKED_FLAGS, PACKED_KEYWORDS, PACKED_UIDS, unpack, unpackTable, type PackedTable } from './compact.ts';

const LIST_FOLDERS: HotStatement = {
  name: 'folder_list',
  text: `
select id, name, special_use from folder
 where tenant_id = $1::uuid and mailbox_id = $2::uuid order by name collate "C"`,
};

const LIST_SUBSCRIPTIONS: HotStatement = {
  name: 'folder_subscriptions',
  text: 'select name from subscription where tenant_id = $1::uuid and mailbox_id = $2::uuid order by name collate "C"',
};

/** \Recent messages that are counted with the folder's row. More of them are counted apart, in pages. */
const MAX_COUNTED = 5_000;

// While nobody has selected the folder every message is \Recent: the counter knows how many, without counting.
const STATE: HotStatement = {
  name: 'folder_state',
  text: `
select f.id, f.uidvalidity, f.uidnext, f.highestmodseq, f.messages, f.unseen, f.octets, f.recent_from, f.keywords,
       case when f.recent_from >= f.uidnext then 0
            when f.recent_from = 1 then f.messages
            else (select count(*) from (select from folder_message m where m.tenant_id = $1::uuid and m.folder_id = f.id
                                           and m.uid >= f.recent_from limit ${MAX_COUNTED}) as counted)
       end as recent
  from folder f where f.tenant_id = $1::uuid and f.mailbox_id = $2::uuid and f.name = $3`,
};

/**
 * $1 tenant, $2 mailbox, $3 folder, $4 UIDNEXT: gives where \Recent began, locking the row only when there is something to take. All
 * sessions share the connection, so that this must not wait: while something long holds the folder, nothing is \Recent to this session
 * (RFC 3501 2.3.2 lets the server decide), and it stays so to a later one.
 */
const TAKE_RECENT: HotStatement = {
  name: 'folder_take_recent',
  text: `
with old as (
  select recent_from from folder
   where tenant_id = $1::uuid and id = $3::uuid and mailbox_id is not distinct from $2::uuid and recent_from < $4
     for update skip locked
), taken as (
  update folder f set recent_from = $4 from old where f.tenant_id = $1::uuid and f.id = $3::uuid
)
select recent_from from old`,
};

/** Changes of a look that nobody else need wait for. */
const SHORT_LOOK = 500;

/** Most looks find nothing: the plan of what follows alone costs several times as much as this. */
const HAS_MOVED: HotStatement = {
  name: 'folder_has_moved',
  text: 'select highestmodseq, uidnext from folder where tenant_id = $1::uuid and id = $3::uuid and mailbox_id is not distinct from $2::uuid',
};

/**
 * $1 tenant, $2 mailbox, $3 folder, $4 MODSEQ, $5 UID and $6 UIDNEXT the session knows. A MODSEQ is taken under the lock of the folder row, so
 * that none below highestmodseq is still to come; a row that changes between two looks goes to the end of the order and is read then.
 * `modseq > 0` always holds: it names the index of changes, which no other statement may take.
 * @param most of arrivals, and of what changed or went: literals, so that the planner sees the bound
 */
const changesSince = (most: number): HotStatement => ({
  name: `folder_changes_${most}`,
  text: `
select f.highestmodseq, f.uidnext, moved.rows, moved.last[1] as last_modseq, moved.last[2] as last_uid,
       moved.uids, moved.flags, moved.keywords, moved.expunged, f.keywords as known,
       case when f.uidnext > $6::bigint then
         (select ${PACKED_UIDS} from (select uid from folder_message
            where tenant_id = $1::uuid and folder_id = f.id and uid >= $6::bigint order by uid limit ${most}) as m) end as arrived
  from folder f, lateral (
    select count(*) as rows, max(array[modseq, uid]) as last, ${PACKED_UIDS} filter (where gone) as expunged,
           ${PACKED_UIDS} filter (where not gone) as uids, ${PACKED_FLAGS} filter (where not gone) as flags, ${PACKED_KEYWORDS} as keywords
      from (select * from (
        (select modseq, uid, flags, keywords, false as gone from folder_message
          where tenant_id = $1::uuid and folder_id = f.id and (modseq, uid) > ($4::bigint, $5::bigint) and modseq > 0 and uid < $6::bigint
          order by modseq, uid limit ${most})
        union all
        (select modseq, uid, null, null, true from tombstone
          where tenant_id = $1::uuid and folder_id = f.id and (modseq, uid) > ($4::bigint, $5::bigint) and uid < $6::bigint
          order by modseq, uid limit ${most})
        order by modseq, uid limit ${most}) as first order by uid) as m
  ) as moved
 where f.tenant_id = $1::uuid and f.id = $3::uuid and f.mailbox_id is not distinct from $2::uuid`,
});

export async function listFolders(connection: HotConnection, { tenantId, mailboxId }: Account): Promise<FolderList> {
  const [folders, subscriptions] = await Promise.all([
    connection.query<{ id: FolderId; name: FolderName; special_use: SpecialUse | null }>(LIST_FOLDERS, [
      tenantId,
      mailboxId,
    ]),
    connection.query<{ name: FolderName }>(LIST_SUBSCRIPTIONS, [tenantId, mailboxId]),
  ]);
  const parents = new Set(folders.flatMap(({ name }) => superiors(name)));
  return {
    folders: folders.map(({ id, name, special_use }): FolderEntry => ({
      folderId: id,
      name,
      specialUse: special_use ?? undefined,
      hasChildren: parents.has(name),
    })),
    subscriptions: subscriptions.map(({ name }) => name),
  };
}

interface StateRow {
  id: FolderId;
  uidvalidity: number;
  uidnext: number;
  highestmodseq: number;
  messages: number;
  unseen: number;
  octets: number;
  recent_from: number;
  recent: number;
  keywords: string[];
}

/** @param count counts the \Recent messages of a folder with very many */
export async function folderState(
  reader: Reader,
  { tenantId, mailboxId }: Account,
  name: FolderName,
  count: (state: FolderState) => Promise<number>,
): Promise<FolderState | undefined> {
  const [row] = await reader.query<StateRow>(STATE, [tenantId, mailboxId, name]);
  if (!row) return undefined;
  const state: FolderState = {
    tenantId,
    mailboxId,
    folderId: row.id,
    name,
    uidValidity: row.uidvalidity,
    uidNext: row.uidnext,
    highestModseq: row.highestmodseq,
    messages: row.messages,
    unseen: row.unseen,
    octets: row.octets,
    recentFrom: row.recent_from,
    recent: row.recent,
    keywords: row.keywords,
  };
  const isCounted = row.recent < MAX_COUNTED || row.recent_from === 1;
  return isCounted ? state : { ...state, recent: await count(state) };
}

export async function takeRecent(
  connection: HotConnection,
  { tenantId, mailboxId, folderId }: FolderRef,
  uidNext: number,
): Promise<number> {
  const [row] = await connection.query<{ recent_from: number }>(TAKE_RECENT, [tenantId, mailboxId, folderId, uidNext]);
  return row?.recent_from ?? uidNext;
}

interface ChangesRow extends PackedTable {
  highestmodseq: number;
  uidnext: number;
  arrived: Buffer | null;
  expunged: Buffer | null;
  /** Changed and expunged, and the last of them in the order of MODSEQs. */
  rows: number;
  last_modseq: number | null;
  last_uid: number | null;
  known: string[];
}

/**
 * @param short for looks that find little; where there is more than SHORT_LOOK it is read again over `long`
 * @param most 1 or more
 */
export async function changes(
  { short, long }: { readonly short: Reader; readonly long: Reader },
  { tenantId, mailboxId, folderId }: FolderRef,
  since: SyncPoint,
  most: number,
): Promise<FolderChanges | undefined> {
  const { modseq, uid, uidNext } = since;
  const folder = [tenantId, mailboxId, folderId];
  const [now] = await short.query<Pick<ChangesRow, 'highestmodseq' | 'uidnext'>>(HAS_MOVED, folder);
  if (!now) return undefined;
  if (now.highestmodseq === modseq && uid === MAX_UID && now.uidnext === uidNext) return nothingSince(since);
  const look = async (reader: Reader, rows: number): Promise<FolderChanges | undefined> => {
    const [row] = await reader.query<ChangesRow>(changesSince(rows), [...folder, modseq, uid, uidNext]);
    return row && found(row, rows);
  };
  const some = await look(short, Math.min(most, SHORT_LOOK));
  return some?.complete === false && most > SHORT_LOOK ? look(long, most) : some;
}

function found(row: ChangesRow, most: number): FolderChanges {
  const arrived = unpack(row.arrived);
  const allMoved = row.rows < most;
  const allArrived = arrived.length < most;
  const end = { modseq: row.highestmodseq, uid: MAX_UID };
  const last = { modseq: row.last_modseq ?? end.modseq, uid: row.last_uid ?? end.uid };
  // Arrivals that are not told yet are read later, as they are then: what happened to them until then need not be known.
  const uidNext = allArrived ? row.uidnext : (arrived.at(-1) ?? 0) + 1;
  return {
    point: { ...(allMoved ? end : last), uidNext },
    highestModseq: row.highestmodseq,
    uidNext: row.uidnext,
    complete: allMoved && allArrived,
    arrived,
    changed: unpackTable(row),
    expunged: unpack(row.expunged),
    keywords: row.known,
  };
}

const nothingSince = (point: SyncPoint): FolderChanges => ({
  point,
  highestModseq: point.modseq,
  uidNext: point.uidNext,
  complete: true,
  arrived: unpack(undefined),
  changed: unpackTable({ uids: null, flags: null, keywords: null }),
  expunged: unpack(undefined),
  keywords: undefined,
});
