/** SELECT, EXAMINE, CLOSE, UNSELECT: RFC 3501 6.3.1, 6.3.2, 6.4.2; RFC 3691. */
import { ALL_UIDS, parseFolderName, type FolderState } from '#domain';
import { encodeExists, encodeFlagsLine, encodeRecent, encodeUntagged, type Command } from '#imap';
import type { Client } from '../client.ts';
import { permanentLine } from '../flag-lines.ts';
import { NO_SUCH_FOLDER, ok, type Reply } from '../reply.ts';

const READ_WRITE = ok('selected', { code: 'READ-WRITE' });
const READ_ONLY = ok('opened for reading', { code: 'READ-ONLY' });

export async function select(
  client: Client,
  { name, folder }: Extract<Command, { name: 'SELECT' | 'EXAMINE' }>,
): Promise<Reply> {
  const readWrite = name === 'SELECT';
  // RFC 3501 6.3.1: what was selected before is not any more, even if this fails.
  if (client.folder) client.unselect();
  const folderName = parseFolderName(folder);
  const state = folderName && (await client.select(folderName, readWrite));
  if (!state) return NO_SUCH_FOLDER;
  const { uidValidity, uidNext, keywords } = state;
  client.out.add(
    encodeFlagsLine(keywords) +
      encodeExists(state.messages) +
      encodeRecent(state.recent) +
      firstUnseen(state) +
      permanentLine(keywords, !readWrite) +
      encodeUntagged('OK', 'UIDs are valid', { code: 'UIDVALIDITY', value: uidValidity }) +
      encodeUntagged('OK', 'the next UID', { code: 'UIDNEXT', value: uidNext }),
  );
  return readWrite ? READ_WRITE : READ_ONLY;
}

/** Told where the counters know it. RFC 3501 6.3.1 lets it be missing; finding it would cost reading every message's flags. */
const firstUnseen = ({ messages, unseen }: FolderState): string =>
  unseen > 0 && unseen === messages
    ? encodeUntagged('OK', 'the first unseen message', { code: 'UNSEEN', value: 1 })
    : '';

/** RFC 3501 6.4.2: removes what is \Deleted, without a word; not from a folder opened by EXAMINE. */
export async function close(client: Client): Promise<Reply> {
  const { ref, readOnly } = client.selected;
  if (!readOnly) {
    const { uids } = await client.store.expunge(ref, ALL_UIDS);
    if (uids.length > 0) client.ring();
  }
  client.unselect();
  return ok('closed');
}

export function unselect(client: Client): Reply {
  client.unselect();
  return ok('closed, nothing expunged');
}
