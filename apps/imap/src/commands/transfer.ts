/** COPY and MOVE: RFC 3501 6.4.7, RFC 6851, RFC 4315 3. */
import { parseFolderName, type Copied } from '#domain';
import { encodeUntagged, type Command, type ResponseCode } from '#imap';
import type { Client } from '../client.ts';
import { IMPOSSIBLE_NAME, ok, OUT_OF_RANGE, OVER_QUOTA, SOME_ARE_GONE, TRY_CREATE, type Reply } from '../reply.ts';
import { storeSet } from '../selected.ts';

type Transfer = Extract<Command, { name: 'COPY' | 'MOVE' }>;

const NOTHING = ok('there was nothing');

export async function transfer(client: Client, { name, set, uid, folder }: Transfer): Promise<Reply> {
  const { selected, store } = client;
  const view = await selected.view();
  const resolved = view.resolve(set, uid);
  if (resolved.kind === 'out-of-range') return OUT_OF_RANGE;
  const { uids, gone } = resolved;
  const target = parseFolderName(folder);
  // No TRYCREATE: RFC 3501 6.4.7 has it only where CREATE would help.
  if (!target) return IMPOSSIBLE_NAME;
  // RFC 2180 4.4: all or nothing, where the client named messages that it thinks are there.
  if (gone > 0 && !uid) return SOME_ARE_GONE;
  if (uids.length === 0) return NOTHING;
  const source = storeSet(view, uids);
  // Some of what a MOVE names may have gone, whatever it ends with.
  if (name === 'MOVE') selected.stale = true;
  const copied = await (name === 'COPY'
    ? store.copy(selected.ref, source, target)
    : store.move(selected.ref, source, target));
  if (copied.kind !== 'copied') return copied.kind === 'over-quota' ? OVER_QUOTA : TRY_CREATE;
  if (copied.sourceUids.length === 0) return NOTHING;
  client.ring();
  // The folder itself may be the target, and what was moved is gone from it.
  selected.stale = true;
  if (name === 'COPY') return ok('copied', copyUid(copied));
  // RFC 6851 4.3: before the EXPUNGEs.
  client.out.add(encodeUntagged('OK', 'moved', copyUid(copied)));
  // RFC 6851 3.3: what could not be moved is where it was, and a NO speaks of it alone.
  if (copied.fault !== undefined) throw copied.fault;
  return copied.restStayed ? TRY_CREATE : ok('moved');
}

const copyUid = ({ uidValidity, sourceUids, targetUids }: Extract<Copied, { kind: 'copied' }>): ResponseCode => ({
  code: 'COPYUID',
  uidValidity,
  from: [...sourceUids],
  to: [...targetUids],
});
