/** COPY and parts of MOVE: one transaction, all or nothing. The body is shared; what is new is a row in the target folder. */
import {
  MAX_FOLDER_KEYWORDS,
  uidsAbove,
  type Copied,
  type FolderId,
  type FolderName,
  type FolderRef,
  type UidSet,
} from '#domain';
import type { ClientBase } from 'pg';
import { PACKED_UIDS, setClause, unpack, type SetClause } from './compact.ts';
import { withKeywords } from './keywords.ts';
import { isThere, lockUsage } from './locks.ts';

interface LockedFolder {
  id: FolderId;
  name: FolderName;
  uidvalidity: number;
  uidnext: number;
  highestmodseq: number;
}

/**
 * RFC 1939 7: a copy may come to lie beside its original, and its unique-id is its own then. At random, so that what a backup does not
 * know of is not used again after a restore. A message that is moved keeps its unique-id.
 */
const NEW_COPY_NUMBER = 'floor(random() * 9007199254740992)::bigint';

/** Both folders in id order, whichever is the source. */
const LOCK_BOTH = `
select f.* from (
  select id from folder where tenant_id = $1::uuid and id = $3::uuid and mailbox_id is not distinct from $2::uuid
  union select id from folder where tenant_id = $1::uuid and mailbox_id = $2::uuid and name = $4
  order by id) as wanted, lateral (
    select id, name, uidvalidity, uidnext, highestmodseq from folder where tenant_id = $1::uuid and id = wanted.id for update) as f`;

/** $1 tenant, $2 source, $3 and $4 the set. @param most messages of it, those with the lowest UIDs */
const totalText = (set: SetClause, most?: number): string => `
select count(*) as messages, coalesce(sum(m.octets), 0)::bigint as octets, count(*) filter (where m.flags & 1 = 0) as unseen
  from ${set.rows({ columns: 'octets, flags', folder: '$2::uuid', ...atMost(most) })}`;

/**
 * $1 tenant, $2 source, $3 and $4 the set, $5 target, $6 its UIDNEXT, $7 its MODSEQ, $8 mailbox, $9 event kind, $10 and $11 names.
 */
const placeText = (set: SetClause, most?: number): string => `
with old as (
  select m.*, $6::bigint - 1 + row_number() over (order by m.uid) as new_uid
    from ${set.rows({ columns: '*', folder: '$2::uuid', ...atMost(most) })}
), placed as (
  insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, flags, keywords, internal_date, octets, trace,
                              lacks_final_crlf, uidl, copy_number)
  select $1::uuid, $5::uuid, new_uid, $8::uuid, message_id, $7::bigint, flags, keywords, internal_date, octets, trace,
         lacks_final_crlf, case $9 when 'moved' then uidl end, case $9 when 'moved' then copy_number else ${NEW_COPY_NUMBER} end
    from old
), noted as (
  insert into event (tenant_id, message_id, kind, detail)
  select $1::uuid, message_id, $9, $10::text || ', UID ' || uid || ' to ' || $11::text || ', UID ' || new_uid from old
)
select ${PACKED_UIDS} as uids, (
  select array_agg(word) from (
    select distinct word from old, unnest(old.keywords) as word limit ${MAX_FOLDER_KEYWORDS}) as words) as keywords
  from (select uid from old order by uid) as sorted`;

/** $1 tenant, $2 source, $3 and $4 the set, $5 its MODSEQ, $6 its UIDNEXT: a move into the folder itself must leave the new rows. */
const removeText = (set: SetClause, most?: number): string => `
with gone as (
  delete from folder_message m using ${set.rows({ columns: 'tenant_id, folder_id, uid', folder: '$2::uuid', only: 'uid < $6', as: 'old', ...atMost(most) })}
   where m.tenant_id = old.tenant_id and m.folder_id = old.folder_id and m.uid = old.uid
  returning m.uid, m.message_id
)
insert into tombstone (tenant_id, folder_id, modseq, uid, message_id) select $1::uuid, $2::uuid, $5::bigint, uid, message_id from gone`;

const COUNT = `
update folder set uidnext = uidnext + $3, highestmodseq = $4, messages = messages + $5, unseen = unseen + $6, octets = octets + $7,
       keywords = ${withKeywords('keywords', '$8::text[]')}
 where tenant_id = $1::uuid and id = $2::uuid`;

const USE = `
update mailbox_usage set messages = messages + $3, octets = octets + $4 where tenant_id = $1::uuid and mailbox_id = $2::uuid`;

const atMost = (most: number | undefined) => (most === undefined ? {} : { most });

interface Total {
  messages: number;
  octets: number;
  unseen: number;
}

/** Messages that one transaction of MOVE takes; others have their turn before the next. */
export const MOVED_AT_ONCE = 1_000;

/**
 * RFC 6851 3.3: a MOVE need not be one transaction, as long as each message is in one folder.
 * @param part moves MOVED_AT_ONCE of the set at most, those with the lowest UIDs
 */
export async function moveInParts(uids: UidSet, part: (left: UidSet) => Promise<Transferred>): Promise<Copied> {
  const from: number[] = [];
  const to: number[] = [];
  const answer = (uidValidity: number, more: Partial<Extract<Copied, { kind: 'copied' }>> = {}): Copied => ({
    kind: 'copied',
    uidValidity,
    sourceUids: Uint32Array.from(from),
    targetUids: Uint32Array.from(to),
    ...more,
  });
  let done: Done | undefined;
  let end: number | undefined;
  for (let left = uids; ;) {
    let moved: Transferred;
    try {
      moved = await part(left);
    } catch (fault) {
      if (!done) throw fault;
      return answer(done.uidValidity, { fault });
    }
    if (moved.kind !== 'copied') return done ? answer(done.uidValidity, { restStayed: true }) : moved;
    done = moved;
    for (const uid of moved.sourceUids) from.push(uid);
    for (const uid of moved.targetUids) to.push(uid);
    // Into the folder itself: what came with a part is not of the set.
    end ??= moved.sourceUidNext;
    const last = moved.sourceUids.at(-1);
    left = last === undefined ? [] : uidsBelow(uidsAbove(left, last), end);
    if (moved.sourceUids.length < MOVED_AT_ONCE || left.length === 0) return answer(moved.uidValidity);
  }
}

const uidsBelow = (uids: UidSet, end: number): UidSet =>
  uids.filter(({ first }) => first < end).map(({ first, last }) => ({ first, last: Math.min(last, end - 1) }));

type Done = Extract<Copied, { kind: 'copied' }> & { readonly sourceUidNext: number };
export type Transferred = Exclude<Copied, { kind: 'copied' }> | Done;

/** Without what only the parts of a MOVE need of each other. */
export function asAnswer(done: Transferred): Copied {
  if (done.kind !== 'copied') return done;
  const { uidValidity, sourceUids, targetUids } = done;
  return { kind: 'copied', uidValidity, sourceUids, targetUids };
}

/**
 * Within the caller's transaction.
 * @param most messages of the set, those with the lowest UIDs
 */
export async function copyOrMove(
  client: ClientBase,
  kind: 'copied' | 'moved',
  source: FolderRef,
  uids: UidSet,
  targetName: FolderName,
  most?: number,
): Promise<Transferred> {
  const { tenantId, mailboxId, folderId } = source;
  const locked = await client.query<LockedFolder>(LOCK_BOTH, [tenantId, mailboxId, folderId, targetName]);
  const from = locked.rows.find(({ id }) => id === folderId);
  const to = locked.rows.find(({ name }) => name === targetName);
  if (!from || !to) return { kind: 'no-such-folder' };
  const room = kind === 'copied' ? await lockUsage(client, source) : await roomOfMove(client, source);
  if (!room) return { kind: 'no-such-folder' };
  const set = setClause(uids, 3);
  const total = (await client.query<Total>(totalText(set, most), [tenantId, folderId, ...set.values])).rows[0];
  const { uidvalidity: uidValidity } = to;
  if (!total || total.messages === 0) {
    const none = new Uint32Array(0);
    return { kind: 'copied', uidValidity, sourceUids: none, targetUids: none, sourceUidNext: from.uidnext };
  }
  if (room.octets < total.octets || room.messages < total.messages) return { kind: 'over-quota' };
  const { rows } = await client.query<{ uids: Buffer | null; keywords: string[] | null }>(placeText(set, most), [
    tenantId,
    folderId,
    ...set.values,
    to.id,
    to.uidnext,
    to.highestmodseq + 1,
    mailboxId,
    kind,
    from.name,
    to.name,
  ]);
  if (kind === 'moved') await remove(client, source, removeText(set, most), set, total, from);
  else await client.query(USE, [tenantId, mailboxId, total.messages, total.octets]);
  const modseq = to.highestmodseq + 1;
  const { messages, unseen, octets } = total;
  const keywords = rows[0]?.keywords ?? null;
  await client.query(COUNT, [tenantId, to.id, messages, modseq, messages, unseen, octets, keywords]);
  const sourceUids = unpack(rows[0]?.uids);
  const targetUids = sourceUids.map((_, at) => to.uidnext + at);
  return { kind: 'copied', uidValidity, sourceUids, targetUids, sourceUidNext: from.uidnext };
}

/** The usage row is left alone: what moves is counted already. */
const roomOfMove = async (client: ClientBase, account: FolderRef): Promise<typeof ENOUGH | undefined> =>
  (await isThere(client, account)) ? ENOUGH : undefined;
const ENOUGH = { octets: Infinity, messages: Infinity };

async function remove(
  client: ClientBase,
  { tenantId, folderId }: FolderRef,
  text: string,
  set: SetClause,
  { messages, octets, unseen }: Total,
  { uidnext, highestmodseq }: LockedFolder,
): Promise<void> {
  const modseq = highestmodseq + 1;
  await client.query(text, [tenantId, folderId, ...set.values, modseq, uidnext]);
  await client.query(COUNT, [tenantId, folderId, 0, modseq, -messages, -unseen, -octets, null]);
}
