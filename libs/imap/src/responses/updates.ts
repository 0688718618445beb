import type { ViewUpdate } from '../view.ts';
import { encodeFetchFlags } from './fetch.ts';
import { encodeExists, encodeExpunge, encodeRecent } from './mailbox-data.ts';

/** What a view has to tell, as untagged responses. `uid`: name the UID with flags, as clients of UID commands like it. */
export function encodeUpdates(updates: readonly ViewUpdate[], uid = false): string {
  let text = '';
  for (const update of updates) text += encodeUpdate(update, uid);
  return text;
}

function encodeUpdate(update: ViewUpdate, uid: boolean): string {
  switch (update.update) {
    case 'expunge':
      return encodeExpunge(update.seq);
    case 'exists':
      return encodeExists(update.messages);
    case 'recent':
      return encodeRecent(update.messages);
    case 'flags':
      return encodeFetchFlags(update.seq, update.bits, update.keywords, uid ? update.uid : undefined);
  }
}
