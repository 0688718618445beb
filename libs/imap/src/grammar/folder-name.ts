import type { Cursor } from '../cursor.ts';
import { decodeFolderName, hasControl, SEPARATOR, type FolderNameFlaw } from '../folder-name.ts';
import { MAX_FOLDER_CHARACTERS, MAX_FOLDER_DEPTH, MAX_FOLDER_OCTETS } from '../limits.ts';
import { decodeModifiedUtf7 } from '../modified-utf7.ts';

const EXPECTED: Readonly<Record<FolderNameFlaw, string>> = {
  encoding: 'folder name in modified UTF-7',
  'control-character': 'folder name without control characters',
  'empty-level': 'folder name without empty levels',
  'too-long': `folder name of at most ${MAX_FOLDER_CHARACTERS} characters and ${MAX_FOLDER_OCTETS} octets`,
  'too-deep': `folder name of at most ${MAX_FOLDER_DEPTH} levels`,
};

/** mailbox: the name of a folder, decoded. */
export const expectFolder = (cursor: Cursor): string => decoded(cursor, cursor.expectAstring('folder name'));

/** The same where it is to be created: RFC 3501 6.3.3 lets a separator stand at its end. */
export function expectNewFolder(cursor: Cursor): string {
  const wire = cursor.expectAstring('folder name');
  return decoded(cursor, wire.endsWith(SEPARATOR) ? wire.slice(0, -1) : wire);
}

/** The reference of LIST and LSUB. */
export const expectReference = (cursor: Cursor): string => pattern(cursor, cursor.expectAstring('reference'));

/** list-mailbox. */
export const expectPattern = (cursor: Cursor): string => pattern(cursor, cursor.expectListMailbox());

function decoded(cursor: Cursor, wire: string): string {
  const result = decodeFolderName(wire);
  return 'name' in result ? result.name : cursor.fail(EXPECTED[result.flaw]);
}

function pattern(cursor: Cursor, wire: string): string {
  const text = decodeModifiedUtf7(wire);
  return text === undefined || hasControl(text) ? cursor.fail('pattern in modified UTF-7') : text;
}
