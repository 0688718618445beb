/** The folder tree: CREATE, DELETE, RENAME. Each in one transaction, one at a time in a mailbox. */
import {
  ALL_UIDS,
  INBOX,
  MAX_FOLDERS,
  MAX_SUBSCRIPTIONS,
  parseFolderName,
  superiors,
  type Account,
  type Created,
  type Deleted,
  type FolderId,
  type FolderName,
  type Renamed,
  type Subscribed,
} from '#domain';
import type { ClientBase } from 'pg';
import { newId } from '../new-id.ts';
import { copyOrMove } from './copy.ts';
import { lockStructure, lockUsage } from './locks.ts';

interface Named {
  id: FolderId;
  name: FolderName;
}

const PRESENT = `
select f.name from unnest($3::text[]) as wanted (name), lateral (
  select name from folder where tenant_id = $1::uuid and mailbox_id = $2::uuid and name = wanted.name limit 1) as f`;
const COUNT_FOLDERS = 'select count(*) as folders from folder where tenant_id = $1::uuid and mailbox_id = $2::uuid';

const LOCK_MAILBOX = 'select from mailbox_usage where tenant_id = $1::uuid and mailbox_id = $2::uuid for update';

/** Each with a UIDVALIDITY of its own, by the column's default: higher than any before. */
const INSERT = `
insert into folder (tenant_id, mailbox_id, id, name)
select $1::uuid, $2::uuid, t.id, t.name from unnest($3::uuid[], $4::text[]) as t (id, name)`;

/** The folder and all below it, in lock order. What is below sorts behind its name with '/', and before it with '0', the next character. */
const LOCK_TREE = `
select f.* from (
  select id from folder where tenant_id = $1::uuid and mailbox_id = $2::uuid and name = $3
  union all
  select id from folder where tenant_id = $1::uuid and mailbox_id = $2::uuid and name >= $3 || '/' and name < $3 || '0'
  order by id) as tree, lateral (select id, name from folder where tenant_id = $1::uuid and id = tree.id for update) as f`;

const REMOVE_FOLDER = `
with gone as (
  delete from folder_message where tenant_id = $1::uuid and folder_id = $3::uuid returning uid, modseq, message_id, octets
), buried as ( -- for retention alone, which counts the days of a body from its youngest tombstone
  insert into tombstone (tenant_id, folder_id, modseq, uid, message_id)
  select $1::uuid, $3::uuid, modseq, uid, message_id from gone
), noted as (
  insert into event (tenant_id, message_id, kind, detail)
  select $1::uuid, message_id, 'expunged', $4::text || ', UID ' || uid || ', with its folder' from gone
), used as (
  update mailbox_usage u set octets = u.octets - t.octets, messages = u.messages - t.messages
    from (select count(*) as messages, coalesce(sum(octets), 0)::bigint as octets from gone) as t
   where u.tenant_id = $1::uuid and u.mailbox_id = $2::uuid and t.messages > 0
)
delete from folder where tenant_id = $1::uuid and id = $3::uuid and mailbox_id is not distinct from $2::uuid`;

/** A new UIDVALIDITY too: another folder may have had the new name meanwhile, or this one before another, and no name's UIDVALIDITY falls. */
const RENAME_TREE = `
update folder set name = $4 || substr(name, length($3) + 1), uidvalidity = nextval('folder_uidvalidity')
 where tenant_id = $1::uuid and mailbox_id = $2::uuid and name >= $3 and name < $3 || '0' and (name = $3 or starts_with(name, $3 || '/'))`;

const SUBSCRIBE = `
insert into subscription (tenant_id, mailbox_id, name)
select $1::uuid, $2::uuid, $3
 where (select count(*) from subscription where tenant_id = $1::uuid and mailbox_id = $2::uuid) < ${MAX_SUBSCRIPTIONS}
    on conflict do nothing`;
const SUBSCRIBED = 'select from subscription where tenant_id = $1::uuid and mailbox_id = $2::uuid and name = $3';

export async function createFolder(client: ClientBase, account: Account, name: FolderName): Promise<Created> {
  if (!(await lockStructure(client, account))) return 'no-such-mailbox';
  return makeFolder(client, account, name);
}

/** With the superiors that are missing. The structure lock is held. */
async function makeFolder(client: ClientBase, account: Account, name: FolderName): Promise<Created> {
  const missing = await missingOf(client, account, [...superiors(name), name]);
  if (!missing.includes(name)) return 'exists';
  return insertFolders(client, account, missing);
}

async function missingOf(
  client: ClientBase,
  { tenantId, mailboxId }: Account,
  names: readonly FolderName[],
): Promise<FolderName[]> {
  const { rows } = await client.query<{ name: FolderName }>(PRESENT, [tenantId, mailboxId, names]);
  const present = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !present.has(name));
}

async function insertFolders(
  client: ClientBase,
  { tenantId, mailboxId }: Account,
  names: readonly FolderName[],
): Promise<'created' | 'too-many-folders'> {
  if (names.length === 0) return 'created';
  const { rows: counted } = await client.query<{ folders: number }>(COUNT_FOLDERS, [tenantId, mailboxId]);
  if ((counted[0]?.folders ?? 0) + names.length > MAX_FOLDERS) return 'too-many-folders';
  const { rowCount } = await client.query(LOCK_MAILBOX, [tenantId, mailboxId]);
  if (!rowCount) throw new Error(`mailbox ${mailboxId} is gone`);
  await client.query(INSERT, [tenantId, mailboxId, names.map(() => newId()), names]);
  return 'created';
}

async function lockTree(client: ClientBase, { tenantId, mailboxId }: Account, name: FolderName): Promise<Named[]> {
  return (await client.query<Named>(LOCK_TREE, [tenantId, mailboxId, name])).rows;
}

export async function deleteFolder(client: ClientBase, account: Account, name: FolderName): Promise<Deleted> {
  if (name === INBOX) return 'inbox';
  if (!(await lockStructure(client, account))) return 'no-such-folder';
  const tree = await lockTree(client, account, name);
  const folder = tree.find((one) => one.name === name);
  // RFC 3501 6.3.4: what is below stays, and keeps the name as \Noselect.
  if (!folder) return tree.length > 0 ? 'not-selectable' : 'no-such-folder';
  await lockUsage(client, account);
  await client.query(REMOVE_FOLDER, [account.tenantId, account.mailboxId, folder.id, name]);
  return 'deleted';
}

export async function renameFolder(
  client: ClientBase,
  account: Account,
  from: FolderName,
  to: FolderName,
): Promise<Renamed> {
  if (!(await lockStructure(client, account))) return 'no-such-folder';
  const tree = await lockTree(client, account, from);
  const folder = tree.find(({ name }) => name === from);
  if (tree.length === 0) return 'no-such-folder';
  if (folder && from === INBOX) return emptyInboxInto(client, { ...account, folderId: folder.id }, to);
  const missing = await missingOf(client, account, [...superiors(to), to]);
  if (!missing.includes(to)) return 'exists';
  if (to.startsWith(`${from}/`)) return 'inside-itself';
  const renamed = tree.flatMap(({ name }) => parseFolderName(to + name.slice(from.length)) ?? []);
  if (renamed.length < tree.length) return 'bad-name';
  // There may be folders below the new name, though there is none of that name.
  if ((await missingOf(client, account, renamed)).length < renamed.length) return 'exists';
  const made = await insertFolders(
    client,
    account,
    missing.filter((name) => name !== to),
  );
  if (made === 'too-many-folders') return made;
  await client.query(RENAME_TREE, [account.tenantId, account.mailboxId, from, to]);
  return 'renamed';
}

/** RFC 3501 6.3.5: INBOX stays, empty; folders below it stay where they are. */
async function emptyInboxInto(
  client: ClientBase,
  inbox: Account & { folderId: FolderId },
  to: FolderName,
): Promise<Renamed> {
  const made = await makeFolder(client, inbox, to);
  if (made !== 'created') return made;
  await copyOrMove(client, 'moved', inbox, ALL_UIDS, to);
  return 'renamed';
}

export async function subscribe(client: ClientBase, account: Account, name: FolderName): Promise<Subscribed> {
  const key = [account.tenantId, account.mailboxId, name];
  if (!(await lockStructure(client, account))) return 'no-such-mailbox';
  const { rowCount } = await client.query(SUBSCRIBE, key);
  if (rowCount) return 'subscribed';
  return (await client.query(SUBSCRIBED, key)).rowCount ? 'subscribed' : 'too-many-subscriptions';
}
