/** Folder rows, and what open sessions need to stay in step with them. */
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
import type { HotConnection, HotStatement } from '../hot-connection.ts';
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

// While nobody has selected the folder every message is \Recent: the counter knows how many, without counting.
const STATE: HotStatement = {
  name: 'folder_state',
  text: `
select f.id, f.uidvalidity, f.uidnext, f.highestmodseq, f.messages, f.unseen, f.octets, f.recent_from, f.keywords,
       case when f.recent_from >= f.uidnext then 0
            when f.recent_from = 1 then f.messages
            else (select count(*) from folder_message m where m.tenant_id = $1::uuid and m.folder_id = f.id and m.uid >= f.recent_from)
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
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and id = $3::uuid and recent_from < $4
     for update skip locked
), taken as (
  update folder f set recent_from = $4 from old where f.tenant_id = $1::uuid and f.id = $3::uuid
)
select recent_from from old`,
};

/** $1 tenant, $2 folder, $3 MODSEQ, $4 UIDNEXT of the moment: what lives of then, and what has gone since. */
const SNAPSHOT: HotStatement = {
  name: 'folder_snapshot',
  text: `
select ${PACKED_UIDS} as uids from (
  select uid from folder_message where tenant_id = $1::uuid and folder_id = $2::uuid and uid < $4
  union all
  select uid from tombstone where tenant_id = $1::uuid and folder_id = $2::uuid and modseq > $3 and uid < $4
  order by uid) as those`,
};

/** Most looks find nothing: the plan of CHANGES alone costs several times as much as this. */
const HAS_MOVED: HotStatement = {
  name: 'folder_has_moved',
  text: 'select highestmodseq, uidnext from folder where tenant_id = $1::uuid and mailbox_id = $2::uuid and id = $3::uuid',
};

/**
 * $1 tenant, $2 mailbox, $3 folder, $4 MODSEQ, $5 UID and $6 UIDNEXT the session knows, $7 rows at most. A MODSEQ is taken under the lock of the folder row, so that none below highestmodseq is still to come; a row that changes between
 * two looks goes to the end of the order and is read then.
 */
const CHANGES: HotStatement = {
  name: 'folder_changes',
  text: `
select f.highestmodseq, f.uidnext, moved.rows, moved.last[1] as last_modseq, moved.last[2] as last_uid,
       moved.uids, moved.flags, moved.keywords, moved.expunged, f.keywords as known,
       case when f.uidnext > $6::bigint then
         (select ${PACKED_UIDS} from (select uid from folder_message
            where tenant_id = $1::uuid and folder_id = f.id and uid >= $6::bigint order by uid) as m) end as arrived
  from folder f, lateral (
    select count(*) as rows, max(array[modseq, uid]) as last, ${PACKED_UIDS} filter (where gone) as expunged,
           ${PACKED_UIDS} filter (where not gone) as uids, ${PACKED_FLAGS} filter (where not gone) as flags, ${PACKED_KEYWORDS} as keywords
      from (select * from (
        (select modseq, uid, flags, keywords, false as gone from folder_message
          where tenant_id = $1::uuid and folder_id = f.id and (modseq, uid) > ($4::bigint, $5::bigint) and uid < $6::bigint
          order by modseq, uid limit $7::int)
        union all
        (select modseq, uid, null, null, true from tombstone
          where tenant_id = $1::uuid and folder_id = f.id and (modseq, uid) > ($4::bigint, $5::bigint) and uid < $6::bigint
          order by modseq, uid limit $7::int)
        order by modseq, uid limit $7::int) as first order by uid) as m
  ) as moved
 where f.tenant_id = $1::uuid and f.mailbox_id = $2::uuid and f.id = $3::uuid`,
};

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

export async function folderState(
  connection: HotConnection,
  { tenantId, mailboxId }: Account,
  name: FolderName,
): Promise<FolderState | undefined> {
  const [row] = await connection.query<StateRow>(STATE, [tenantId, mailboxId, name]);
  return (
    row && {
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
    }
  );
}

export async function takeRecent(
  connection: HotConnection,
  { tenantId, mailboxId, folderId }: FolderRef,
  uidNext: number,
): Promise<number> {
  const [row] = await connection.query<{ recent_from: number }>(TAKE_RECENT, [tenantId, mailboxId, folderId, uidNext]);
  return row?.recent_from ?? uidNext;
}

export async function snapshot(
  connection: HotConnection,
  { tenantId, folderId, highestModseq, uidNext }: FolderState,
): Promise<Uint32Array> {
  const [row] = await connection.query<{ uids: Buffer | null }>(SNAPSHOT, [tenantId, folderId, highestModseq, uidNext]);
  return unpack(row?.uids);
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

export async function changes(
  connection: HotConnection,
  { tenantId, mailboxId, folderId }: FolderRef,
  since: SyncPoint,
  most: number,
): Promise<FolderChanges | undefined> {
  const { modseq, uid, uidNext } = since;
  const folder = [tenantId, mailboxId, folderId];
  const [now] = await connection.query<Pick<ChangesRow, 'highestmodseq' | 'uidnext'>>(HAS_MOVED, folder);
  if (!now) return undefined;
  if (now.highestmodseq === modseq && uid === MAX_UID && now.uidnext === uidNext) return nothingSince(since);
  const [row] = await connection.query<ChangesRow>(CHANGES, [...folder, modseq, uid, uidNext, most]);
  if (!row) return undefined;
  const complete = row.rows < most;
  const end = { modseq: row.highestmodseq, uid: MAX_UID };
  const last = { modseq: row.last_modseq ?? end.modseq, uid: row.last_uid ?? end.uid };
  return {
    point: { ...(complete ? end : last), uidNext: row.uidnext },
    highestModseq: row.highestmodseq,
    complete,
    arrived: unpack(row.arrived),
    changed: unpackTable(row),
    expunged: unpack(row.expunged),
    keywords: row.known,
  };
}

const nothingSince = (point: SyncPoint): FolderChanges => ({
  point,
  highestModseq: point.modseq,
  complete: true,
  arrived: unpack(undefined),
  changed: unpackTable({ uids: null, flags: null, keywords: null }),
  expunged: unpack(undefined),
  keywords: undefined,
});
