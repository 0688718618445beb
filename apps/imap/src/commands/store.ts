/** STORE: RFC 3501 6.4.6. */
import { encodeFetchFlags, FLAG_BIT, type Command, type FolderView } from '#imap';
import type { FlagTable } from '#domain';
import type { Client } from '../client.ts';
import { numbering } from '../numbering.ts';
import { NO_SUCH_FOLDER, ok, OUT_OF_RANGE, SOME_ARE_GONE, TOO_MANY_KEYWORDS, type Reply } from '../reply.ts';
import { storeSet } from '../selected.ts';

const DONE = ok('stored');

export async function store(
  client: Client,
  { set, uid, mode, silent, flags }: Extract<Command, { name: 'STORE' }>,
): Promise<Reply> {
  const { selected } = client;
  const view = await selected.view();
  const resolved = view.resolve(set, uid);
  if (resolved.kind === 'out-of-range') return OUT_OF_RANGE;
  const { uids, gone } = resolved;
  if (uids.length > 0) {
    const change = { mode, flags: flags.system, keywords: flags.keywords };
    const stored = await client.store.store(selected.ref, storeSet(view, uids), change);
    if (stored.kind === 'too-many-keywords') return TOO_MANY_KEYWORDS;
    if (stored.kind === 'no-such-folder') {
      selected.stale = true;
      return NO_SUCH_FOLDER;
    }
    await selected.changedFlags(stored.table, stored.highestModseq);
    client.ring();
    if (!silent) tell(client, view, stored.table, uid);
    if (stored.table.uids.length < uids.length) selected.stale = true;
    if (stored.table.uids.length < uids.length && !uid) return SOME_ARE_GONE;
  }
  return gone > 0 && !uid ? SOME_ARE_GONE : DONE;
}

function tell({ out }: Client, view: FolderView, { uids, flags, keywords }: FlagTable, withUid: boolean): void {
  const seqOf = numbering(view);
  for (const [at, uid] of uids.entries()) {
    const seq = seqOf(uid);
    const bits = (flags[at] ?? 0) | (view.isRecent(uid) ? FLAG_BIT.recent : 0);
    if (seq !== undefined) out.add(encodeFetchFlags(seq, bits, keywords.get(uid), withUid ? uid : undefined));
  }
}
