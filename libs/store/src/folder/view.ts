/** Folder rows, and what open sessions need to stay in step with them. */
import {
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
} from '#domain';
import type { HotConnection, HotStatement } from '../hot-connection.ts';
import { PACKED_TABLE, PACKED_UIDS, unpack, unpackTable, type PackedTable } from './compact.ts';

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

/** $1 tenant, $2 mailbox, $3 folder, $4 UIDNEXT: gives where \Recent began, locking the row only when there is something to take. */
const TAKE_RECENT: HotStatement = {
  name: 'folder_take_recent',
  text: `
with old as (
  select recent_from from folder
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and id = $3::uuid and recent_from < $4
     for update
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

/** $1 tenant, $2 mailbox, $3 folder, $4 MODSEQ, $5 UIDNEXT the session knows. Where nothing moved no subquery runs. */
const CHANGES: HotStatement = {
  name: 'folder_changes',
  text: `
select f.highestmodseq, f.uidnext, case when f.highestmodseq > $4 then f.keywords end as known,
       case when f.uidnext > $5 then
         (select ${PACKED_UIDS} from (select uid from folder_message
            where tenant_id = $1::uuid and folder_id = f.id and uid >= $5 order by uid) as m) end as arrived,
       case when f.highestmodseq > $4 then
         (select ${PACKED_UIDS} from (select uid from tombstone
            where tenant_id = $1::uuid and folder_id = f.id and modseq > $4 and uid < $5 order by uid) as t) end as expunged,
       changed.*
  from folder f left join lateral (
    select ${PACKED_TABLE} from (select uid, flags, keywords from folder_message
     where tenant_id = $1::uuid and folder_id = f.id and modseq > $4 and uid < $5 order by uid) as m
  ) as changed on f.highestmodseq > $4
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
  known: string[] | null;
}

export async function changes(
  connection: HotConnection,
  { tenantId, mailboxId, folderId }: FolderRef,
  modseq: number,
  uidNext: number,
): Promise<FolderChanges | undefined> {
  const [row] = await connection.query<ChangesRow>(CHANGES, [tenantId, mailboxId, folderId, modseq, uidNext]);
  return (
    row && {
      highestModseq: row.highestmodseq,
      uidNext: row.uidnext,
      arrived: unpack(row.arrived),
      changed: unpackTable(row),
      expunged: unpack(row.expunged),
      keywords: row.known ?? undefined,
    }
  );
}
