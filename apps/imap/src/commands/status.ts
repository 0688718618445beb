/** STATUS: RFC 3501 6.3.10. */
import { parseFolderName, type FolderState } from '#domain';
import { encodeFolderName, encodeStatus, type Command, type StatusItem } from '#imap';
import type { Client } from '../client.ts';
import { NO_SUCH_FOLDER, ok, type Reply } from '../reply.ts';

const FIELD = {
  MESSAGES: 'messages',
  RECENT: 'recent',
  UIDNEXT: 'uidNext',
  UIDVALIDITY: 'uidValidity',
  UNSEEN: 'unseen',
} as const satisfies Record<StatusItem, keyof FolderState>;

export async function status(
  { store, account, out }: Client,
  { folder, items }: Extract<Command, { name: 'STATUS' }>,
): Promise<Reply> {
  const name = parseFolderName(folder);
  const state = name && (await store.status(account, name));
  if (!state) return NO_SUCH_FOLDER;
  const shown = items.map((item): readonly [StatusItem, number] => [item, state[FIELD[item]]]);
  out.add(encodeStatus(encodeFolderName(state.name), shown));
  return ok('counted');
}
