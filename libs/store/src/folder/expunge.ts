/**
 * Takes messages out of a folder, a bounded number in one statement: rows, tombstones, both counters and events. The folder row is locked first,
 * the usage row after it: every part waits for the result of the one before. Counters are computed from the locked rows: the
 * statement's snapshot may be older, and CHECK is tried on what it makes of them before Postgres notices. `chosen` brings every column of the
 * key along: with one of its own the delete may walk all rows that have it, and look up each in `chosen`.
 */
import { uidsAbove, type Expunged, type UidSet } from '#domain';
import { unpack, PACKED_UIDS, type SetClause } from './compact.ts';
import { GATE } from './locks.ts';

/** Statement parameters: $1 tenant, $2 mailbox, $3 folder, $4 and $5 the set, $6 what the event says, further ones as given. */
export interface Expunge {
  readonly set: SetClause;
  /** Further condition on the columns of folder_message. */
  readonly only?: string;
  /** Messages at most, the first of the set. */
  readonly most?: number;
  /** What must hold, and be locked, before the folder row is. */
  readonly guard?: { readonly cte: string; readonly holds: string };
}

export const expungeText = ({ set, only = 'true', most, guard }: Expunge): string => `
with ${guard ? `${guard.cte}, ` : ''}held as (
  select id, name, messages, unseen, octets, highestmodseq + 1 as modseq from folder
   where tenant_id = $1::uuid and id = $3::uuid and mailbox_id is not distinct from $2::uuid and ${GATE} ${guard ? `and ${guard.holds}` : ''}
     for update
), chosen as (
  select m.* from held, ${set.rows({ columns: 'tenant_id, folder_id, uid', folder: 'held.id', only, ...(most !== undefined && { most }) })}
), gone as (
  delete from folder_message m using chosen
   where m.tenant_id = chosen.tenant_id and m.folder_id = chosen.folder_id and m.uid = chosen.uid and ${only}
  returning m.uid, m.message_id, m.octets, m.flags
), total as (
  select count(*) as messages, coalesce(sum(octets), 0)::bigint as octets, count(*) filter (where flags & 1 = 0) as unseen from gone
), buried as (
  insert into tombstone (tenant_id, folder_id, modseq, uid, message_id)
  select $1::uuid, held.id, held.modseq, gone.uid, gone.message_id from gone, held
), counted as (
  update folder f
     set highestmodseq = held.modseq, messages = held.messages - total.messages, unseen = held.unseen - total.unseen,
         octets = held.octets - total.octets
    from held, total
   where f.tenant_id = $1::uuid and f.id = held.id and total.messages > 0
), usage as (
  select octets, messages from mailbox_usage
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and (select messages from total) > 0
     for update
), used as (
  update mailbox_usage u set octets = usage.octets - total.octets, messages = usage.messages - total.messages
    from usage, total
   where u.tenant_id = $1::uuid and u.mailbox_id = $2::uuid
), noted as (
  insert into event (tenant_id, message_id, kind, detail)
  select $1::uuid, gone.message_id, 'expunged', held.name || ', UID ' || gone.uid || ', by ' || $6::text from gone, held
)
select held.modseq, total.messages, (select ${PACKED_UIDS} from (select uid from gone order by uid) as sorted) as uids
  from held, total`;

export interface ExpungeRow {
  modseq: number;
  messages: number;
  uids: Buffer | null;
}

export const expungeResult = (row: ExpungeRow | undefined): Expunged => ({
  uids: unpack(row?.uids),
  // Nothing went: the folder's own row was not touched.
  highestModseq: row ? row.modseq - (row.messages > 0 ? 0 : 1) : 0,
});

/** Messages that one statement of EXPUNGE, or of QUIT, takes out; others have their turn before the next. */
export const EXPUNGED_AT_ONCE = 1_000;

/**
 * Part by part, each with a MODSEQ of its own.
 * @param part takes out EXPUNGED_AT_ONCE of the set at most; undefined ends it
 */
export async function expungeInParts(
  uids: UidSet,
  part: (left: UidSet) => Promise<Expunged | undefined>,
): Promise<Expunged | undefined> {
  const gone: number[] = [];
  for (let left = uids; ;) {
    const taken = await part(left);
    if (!taken) return undefined;
    for (const uid of taken.uids) gone.push(uid);
    const last = taken.uids.at(-1);
    left = last === undefined ? [] : uidsAbove(left, last);
    if (taken.uids.length < EXPUNGED_AT_ONCE || left.length === 0) {
      return { uids: Uint32Array.from(gone), highestModseq: taken.highestModseq };
    }
  }
}
