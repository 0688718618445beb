/** Reads many messages in batches, the next one while the client takes the current one. */
import { FETCH_BATCH_MESSAGES, type MessageBatch, type MessageRow, type MessageWants } from '#domain';
import type { FolderView } from '#imap';
import type { Client } from './client.ts';
import { HEADER_BATCH, META_BATCH, STRUCTURE_BATCH } from './limits.ts';
import { storeSet } from './selected.ts';

interface BatchSize {
  /** Of the first batch. */
  readonly first: number;
  /** Where the messages before were small. */
  readonly most: number;
}

function batchSize({ header, body, bodyStructure, mimeIndex }: MessageWants): BatchSize {
  const most = bodyStructure || mimeIndex ? STRUCTURE_BATCH : META_BATCH;
  if (body) return { first: FETCH_BATCH_MESSAGES, most: FETCH_BATCH_MESSAGES };
  if (header) return { first: FETCH_BATCH_MESSAGES, most: mimeIndex ? FETCH_BATCH_MESSAGES : HEADER_BATCH };
  return { first: most, most };
}

/** As many as the answers show to fit into one: whatever the store has looked at and cut off it looks at again. */
function nextSize(size: number, most: number, { rows, complete }: MessageBatch): number {
  const isCut = !complete && rows.length < size;
  return Math.min(most, isCut ? Math.ceil(rows.length * 1.25) + 1 : 2 * size);
}

/**
 * The messages that still exist, in UID order. Ends early when the client has gone.
 * @param uids ascending, of this view
 */
export async function* rowBatches(
  client: Client,
  view: FolderView,
  uids: Uint32Array,
  wants: MessageWants,
): AsyncGenerator<readonly MessageRow[], void> {
  const { store, selected, out } = client;
  const { first, most } = batchSize(wants);
  let size = first;
  const gone = client.goneSignal(uids.length);
  const read = (from: number): Promise<MessageBatch> => {
    const batch = store.messages(selected.ref, storeSet(view, uids.subarray(from, from + size)), wants, gone);
    // Nobody waits for it when the client goes meanwhile.
    batch.catch(() => undefined);
    return batch;
  };
  let at = 0;
  let ahead = uids.length > 0 ? read(0) : undefined;
  while (ahead && out.open) {
    const batch = await ahead;
    const { rows } = batch;
    const last = rows.at(-1);
    at = batch.complete || !last ? at + size : behind(uids, last.uid, at);
    size = nextSize(size, most, batch);
    // A client that does not take what it asked for must not make us hold more of it.
    const readAhead = at < uids.length && !out.blocked;
    ahead = readAhead ? read(at) : undefined;
    yield rows;
    if (!readAhead && at < uids.length) ahead = read(at);
  }
}

/** Index of the first UID above `uid`. */
function behind(uids: Uint32Array, uid: number, from: number): number {
  let at = from;
  while (at < uids.length && (uids[at] ?? 0) <= uid) at++;
  return at;
}
