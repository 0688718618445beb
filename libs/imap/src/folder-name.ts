/** Names of folders: RFC 3501 5.1. In commands and everywhere behind the parser they are Unicode. */
import { Buffer } from 'node:buffer';
import { MAX_FOLDER_CHARACTERS, MAX_FOLDER_DEPTH, MAX_FOLDER_OCTETS } from './limits.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';

/** Between the levels of a name: RFC 3501 5.1.1. */
export const SEPARATOR = '/';
export const INBOX = 'INBOX';

/** Why no folder can bear a name. */
export type FolderNameFlaw = 'encoding' | 'control-character' | 'empty-level' | 'too-long' | 'too-deep';

/**
 * @param wire a mailbox of the grammar, octets as latin1
 * @returns the name, INBOX in capitals (also as the first of several levels), or the first thing wrong with it
 */
export function decodeFolderName(wire: string): { readonly name: string } | { readonly flaw: FolderNameFlaw } {
  const decoded = decodeModifiedUtf7(wire);
  if (decoded === undefined) return { flaw: 'encoding' };
  const name = canonicalInbox(decoded);
  const flaw = folderNameFlaw(name);
  return flaw ? { flaw } : { name };
}

/** The name as a mailbox of the grammar, not yet quoted. */
export const encodeFolderName = (name: string): string => encodeModifiedUtf7(name);

/** What keeps a folder from bearing this name; undefined when nothing does. */
export function folderNameFlaw(name: string): FolderNameFlaw | undefined {
  // UTF-16 units first, so that nothing long is looked at further.
  if (name.length > 2 * MAX_FOLDER_CHARACTERS || charactersOf(name) > MAX_FOLDER_CHARACTERS) return 'too-long';
  if (Buffer.byteLength(name) > MAX_FOLDER_OCTETS) return 'too-long';
  if (hasControl(name)) return 'control-character';
  const levels = name.split(SEPARATOR);
  if (levels.some((level) => level === '')) return 'empty-level';
  return levels.length > MAX_FOLDER_DEPTH ? 'too-deep' : undefined;
}

// Without the u flag, under which letters of other alphabets would match too.
const IS_INBOX = /^inbox$/i;

/** RFC 3501 5.1: INBOX is one name in any case; the folders below it are one family too. */
export function canonicalInbox(name: string): string {
  const slash = name.indexOf(SEPARATOR);
  const first = slash === -1 ? name : name.slice(0, slash);
  return IS_INBOX.test(first) ? INBOX + name.slice(INBOX.length) : name;
}

/** Whether the text holds a control character of C0 or C1, or DEL. */
export function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return true;
  }
  return false;
}

/** Code points. */
function charactersOf(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // The second halves of surrogate pairs do not count.
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}
