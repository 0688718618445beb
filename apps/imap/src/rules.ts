/** When a session looks for what others changed, and what it may say then: RFC 3501 7.4.1, and a committed change counts at once. */
import { STAR, type Command } from '#imap';
import type { Selected } from './selected.ts';

/**
 * Whether to look before the command: where the client asks for news, where the command names messages that only news can tell of,
 * and where the bell rang. All else reads and writes the database itself, so it works on the truth without having looked.
 */
export function looksFirst(folder: Selected, command: Command): boolean {
  if (folder.stale || command.name === 'NOOP' || command.name === 'CHECK' || command.name === 'IDLE') return true;
  return asksForNews(folder, command);
}

/** Whether the client is told what is new before the command is done, because the answer may name it. */
export function asksForNews(folder: Selected, command: Command): boolean {
  switch (command.name) {
    case 'SEARCH':
      return true;
    case 'FETCH':
    case 'STORE':
    case 'COPY':
    case 'MOVE':
      return command.uid && command.set.some(({ first, last }) => isNews(first, folder) || isNews(last, folder));
    default:
      return false;
  }
}

const isNews = (uid: number, { uidNext }: Selected): boolean => uid === STAR || uid >= uidNext;

/** The command came with the UID prefix: message numbers mean nothing to it. */
export const isUidCommand = (command: Command): boolean => 'uid' in command && command.uid;

/** Whether to look once more before the tagged line: where the command's own doing is told like what others do, and where a look was cut. */
export function looksLast(folder: Selected, { name }: Command): boolean {
  if (folder.behind) return name !== 'LOGOUT';
  if (!folder.stale) return false;
  return name === 'APPEND' || name === 'COPY' || name === 'MOVE' || name === 'EXPUNGE' || name === 'RENAME';
}

/** RFC 3501 7.4.1: no EXPUNGE while a command is answered that speaks of message numbers. */
export function mayExpunge(command: Command): boolean {
  switch (command.name) {
    case 'FETCH':
    case 'STORE':
    case 'SEARCH':
      return command.uid;
    default:
      return true;
  }
}
