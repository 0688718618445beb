/** STORE: RFC 3501 6.4.6. */
import { encodeFetchFlags, FLAG_BIT, type Command, type FolderView } from '#imap';
import type { FlagTable } from '#domain';
import type { Client } from '../client.ts';
import { STORE_BATCH } from '../limits.ts';
import { numbering } from '../numbering.ts';
import {
  doneButForTheGone,
  NO_SUCH_FOLDER,
  ok,
  OUT_OF_RANGE,
  SOME_ARE_GONE,
  TOO_MANY_KEYWORDS,
  type Reply,
} from '../reply.ts';
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
  const change = { mode, flags: flags.system, keywords: flags.keywords };
  let missing = gone;
  let done = 0;
  // In batches: each answers with the flags of all its messages.
  for (let at = 0; at < uids.length; at += STORE_BATCH) {
    const batch = uids.subarray(at, at + STORE_BATCH);
    const stored = await client.store.store(selected.ref, storeSet(view, batch), change);
    if (stored.kind === 'too-many-keywords') return TOO_MANY_KEYWORDS;
    if (stored.kind === 'no-such-folder') {
      selected.stale = true;
      return NO_SUCH_FOLDER;
    }
    await selected.changedFlags(stored, !silent);
    client.ring();
    client.out.add(selected.keywordNews());
    if (!silent) tell(client, view, stored.table, uid);
    if (stored.table.uids.length < batch.length) selected.stale = true;
    done += stored.table.uids.length;
    missing += batch.length - stored.table.uids.length;
    if (client.out.full) await client.out.flush();
    if (at + STORE_BATCH < uids.length) client.checkPresence();
  }
  if (missing === 0 || uid) return DONE;
  // RFC 2180 4.2.3: without .SILENT the client waits for flags, and there are none.
  return !silent && done === 0 ? SOME_ARE_GONE : doneButForTheGone('stored');
}

function tell(
  { out, selected }: Client,
  view: FolderView,
  { uids, flags, keywords }: FlagTable,
  withUid: boolean,
): void {
  const seqOf = numbering(view);
  for (const [at, uid] of uids.entries()) {
    const seq = seqOf(uid);
    const bits = (flags[at] ?? 0) | (view.isRecent(uid) ? FLAG_BIT.recent : 0);
    if (seq === undefined) continue;
    const words = keywords.get(uid);
    out.add(selected.keywordsBefore(words) + encodeFetchFlags(seq, bits, words, withUid ? uid : undefined));
  }
}
