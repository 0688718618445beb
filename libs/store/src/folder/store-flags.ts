/** STORE in one statement: flags, keywords, MODSEQ and the unseen counter together. */
import { ALL_FLAGS, MAX_KEYWORDS, type FlagChange, type FolderRef, type Stored, type UidSet } from '#domain';
import type { Changes } from '../changes.ts';
import { PACKED_TABLE, setClause, unpackTable, type PackedTable, type SetClause } from './compact.ts';
import { distinctKeywords, withKeywords } from './keywords.ts';
import { GATE } from './locks.ts';

/** $6 flags, $7 keywords, for each mode. */
const NEW_FLAGS = { add: 'flags | $6::int', remove: 'flags & ~$6::int', replace: '$6::int' } as const;
const NEW_KEYWORDS = {
  add: `keywords || array(select k from unnest($7::text[]) as k
          where lower(k) not in (select lower(had) from unnest(keywords) as had))`,
  remove: `array(select had from unnest(keywords) with ordinality as t (had, at)
             where lower(had) not in (select lower(k) from unnest($7::text[]) as k) order by at)`,
  replace: '$7::text[]',
} as const;

/**
 * $1 tenant, $2 mailbox, $3 folder, $4 and $5 the set. The rows are locked before they are computed with: after the folder row
 * came free the statement's own snapshot may be old, and the unseen counter must not drift. `new` brings every column of
 * the key along: with one of its own the update may walk the folder and look up each message in `new`, which a plan for a young table did.
 */
export const storeText = (set: SetClause, mode: FlagChange['mode'], words: boolean): string => `
with held as (
  select id, unseen, keywords, highestmodseq + 1 as modseq from folder
   where tenant_id = $1::uuid and id = $3::uuid and mailbox_id is not distinct from $2::uuid and ${GATE} for update
), old as (
  select m.* from held, ${set.rows({ columns: 'tenant_id, folder_id, uid, flags, keywords', folder: 'held.id', lock: true })}
), new as (
  select tenant_id, folder_id, uid, flags as old_flags, keywords as old_keywords, ${NEW_FLAGS[mode]} as flags,
         ${words ? `nullif(${NEW_KEYWORDS[mode]}, '{}')` : 'keywords'} as keywords
    from old
), verdict as (
  select coalesce(max(cardinality(keywords)), 0) <= ${MAX_KEYWORDS} as fits from new
), changed as (
  update folder_message m set flags = new.flags, keywords = new.keywords, modseq = held.modseq
    from new, held, verdict
   where m.tenant_id = new.tenant_id and m.folder_id = new.folder_id and m.uid = new.uid and verdict.fits
     and (new.flags <> new.old_flags or new.keywords is distinct from new.old_keywords)
  returning (new.old_flags & 1) - (new.flags & 1) as unseen
), total as (
  select count(*) as messages, coalesce(sum(unseen), 0) as unseen from changed
), counted as (
  update folder f set highestmodseq = held.modseq, unseen = held.unseen + total.unseen${words && mode !== 'remove' ? `, keywords = ${withKeywords('held.keywords', '$7::text[]')}` : ''}
    from held, total where f.tenant_id = $1::uuid and f.id = held.id and total.messages > 0
  returning f.keywords
)
select held.modseq - (total.messages = 0)::int as modseq, total.messages as changed, verdict.fits, packed.*,
       (select counted.keywords from counted) as known
  from held, total, verdict, (select ${PACKED_TABLE} from (select uid, flags, keywords from new order by uid) as m) as packed`;

interface StoreRow extends PackedTable {
  modseq: number;
  changed: number;
  fits: boolean;
  /** Of the folder; null where nothing changed. */
  known: string[] | null;
}

export async function storeFlags(
  changes: Changes,
  { tenantId, mailboxId, folderId }: FolderRef,
  uids: UidSet,
  { mode, flags, keywords }: FlagChange,
): Promise<Stored> {
  const wanted = distinctKeywords(keywords);
  if (wanted.length > MAX_KEYWORDS) return { kind: 'too-many-keywords' };
  const set = setClause(uids, 4);
  const words = mode === 'replace' || wanted.length > 0;
  const [row] = await changes.query<StoreRow>(tenantId, {
    name: `folder_store_${mode}_${words ? 'words' : 'flags'}`,
    text: storeText(set, mode, words),
    values: [tenantId, mailboxId, folderId, ...set.values, flags & ALL_FLAGS, ...(words ? [wanted] : [])],
  });
  if (!row) return { kind: 'no-such-folder' };
  if (!row.fits) return { kind: 'too-many-keywords' };
  const { changed, modseq, known } = row;
  return { kind: 'stored', table: unpackTable(row), changed, highestModseq: modseq, keywords: known ?? undefined };
}
