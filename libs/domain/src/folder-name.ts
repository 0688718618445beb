/** Folder names as they are stored: Unicode NFC, '/' between levels, INBOX in capitals. Modified UTF-7 is the IMAP app's. */
import { Buffer } from 'node:buffer';
import { isPlainText } from './plain-text.ts';

declare const checked: unique symbol;
/** A name that `parseFolderName` let through. */
export type FolderName = string & { readonly [checked]: 'folder name' };

export const INBOX = 'INBOX' as FolderName;
export const HIERARCHY_SEPARATOR = '/';

/** Octets of UTF-8 in a whole name: an index entry must hold it. */
export const MAX_FOLDER_NAME_OCTETS = 1000;
/** Octets of UTF-8 in one level: what a Maildir export can name. */
export const MAX_FOLDER_LEVEL_OCTETS = 255;
export const MAX_FOLDER_LEVELS = 20;

/**
 * The stored form of a name, or undefined where no folder can have it: empty (or with an empty level), too long, too deep,
 * with control characters, lone surrogates or the wildcards `*` and `%`, or with `.` or `..` as a level (clients make files of them). One trailing '/' is dropped (RFC 3501 6.3.3).
 * INBOX is recognised in any case, as a first level too (RFC 3501 5.1).
 */
export function parseFolderName(text: string): FolderName | undefined {
  if (text.length > MAX_FOLDER_NAME_OCTETS + 1 || !isPlainText(text)) return undefined;
  if (text.includes('*') || text.includes('%')) return undefined;
  const bare = text.endsWith(HIERARCHY_SEPARATOR) ? text.slice(0, -1) : text;
  const levels = bare.normalize('NFC').split(HIERARCHY_SEPARATOR);
  if (levels.length > MAX_FOLDER_LEVELS) return undefined;
  if (levels[0]?.toUpperCase() === INBOX) levels[0] = INBOX;
  if (levels.some((level) => level === '' || level === '.' || level === '..')) return undefined;
  if (levels.some((level) => Buffer.byteLength(level) > MAX_FOLDER_LEVEL_OCTETS)) return undefined;
  const name = levels.join(HIERARCHY_SEPARATOR);
  return Buffer.byteLength(name) > MAX_FOLDER_NAME_OCTETS ? undefined : (name as FolderName);
}

/** Names of all levels above, outermost first: 'a/b/c' has 'a' and 'a/b'. */
export function superiors(name: FolderName): FolderName[] {
  const found: FolderName[] = [];
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) found.push(name.slice(0, at) as FolderName);
  return found;
}
