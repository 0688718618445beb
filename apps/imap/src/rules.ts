/** When a session looks for what others changed, and what it may say then: RFC 3501 7.4.1, and a committed change counts at once. */
import { STAR, type Command } from '#imap';
import type { Selected } from './selected.ts';

/**
 * Whether to look before the command: where the client asks for news, where the command names messages that only news can tell of,
 * and where it is about messages and the bell rang. All else is done without: a folder that is gone, or cannot be read now, is no
 * reason not to log out (RFC 3501 6.1.3), to select another (6.3.1), or to be told of capabilities (6.1.1).
 */
export function looksFirst(folder: Selected, command: Command): boolean {
  return polls(command) || (folder.stale && isAboutMessages(command)) || asksForNews(folder, command);
}

/** Asks for news and nothing else. RFC 3501 6.1.2, 6.4.1: it cannot fail; news that cannot be read now are told later. */
export const polls = ({ name }: Command): boolean => name === 'NOOP' || name === 'CHECK' || name === 'IDLE';

function isAboutMessages({ name }: Command): boolean {
  switch (name) {
    case 'FETCH':
    case 'STORE':
    case 'SEARCH':
    case 'COPY':
    case 'MOVE':
    case 'EXPUNGE':
      return true;
    default:
      return false;
  }
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

/**
 * RFC 3501 5.5, 7.4.1: whether messages that are gone are told as such before the command is done. Not before UID SEARCH: message numbers
 * among its keys are those that the client knew when it sent them.
 */
export const expungesFirst = (command: Command): boolean => command.name !== 'SEARCH' && isUidCommand(command);

/**
 * Whether to look before the tagged line: where a look was cut; and, where the bell rang, behind commands that did not look first or
 * whose own doing is told like what others do.
 */
export function looksLast(folder: Selected, { name }: Command): boolean {
  switch (name) {
    case 'CAPABILITY':
    case 'LOGOUT':
    case 'ID':
    case 'NAMESPACE':
    case 'ENABLE':
    case 'SELECT':
    case 'EXAMINE':
    case 'CLOSE':
    case 'UNSELECT':
      return false;
    case 'NOOP':
    case 'CHECK':
    case 'IDLE':
    case 'FETCH':
    case 'STORE':
    case 'SEARCH':
      return folder.behind;
    default:
      return folder.stale;
  }
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
