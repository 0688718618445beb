import type { Cursor } from '../cursor.ts';
import { decodeFolderName, hasControl, SEPARATOR } from '../folder-name.ts';
import { decodeModifiedUtf7 } from '../modified-utf7.ts';

/** In place of a name that no folder can have: the command is in the grammar, and what it asks for is not there. */
const NO_FOLDER = '';

/** mailbox: the name of a folder, decoded; NO_FOLDER where there can be none. */
export const expectFolder = (cursor: Cursor): string => decoded(cursor.expectAstring('folder name'));

/** The same where it is to be created: RFC 3501 6.3.3 lets a separator stand at its end. */
export function expectNewFolder(cursor: Cursor): string {
  const wire = cursor.expectAstring('folder name');
  return decoded(wire.endsWith(SEPARATOR) ? wire.slice(0, -1) : wire);
}

/** The reference of LIST and LSUB; undefined where no name can begin with it. */
export const expectReference = (cursor: Cursor): string | undefined => pattern(cursor.expectAstring('reference'));

/** list-mailbox; undefined where no name can match it. */
export const expectPattern = (cursor: Cursor): string | undefined => pattern(cursor.expectListMailbox());

function decoded(wire: string): string {
  const result = decodeFolderName(wire);
  return 'name' in result ? result.name : NO_FOLDER;
}

function pattern(wire: string): string | undefined {
  const text = decodeModifiedUtf7(wire);
  return text === undefined || hasControl(text) ? undefined : text;
}
