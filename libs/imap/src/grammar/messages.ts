import type { Command } from '../command.ts';
import type { Cursor } from '../cursor.ts';
import { PLUS } from '../octets.ts';
import { expectStoreFlags } from './flags.ts';
import { expectFolder } from './folder-name.ts';
import { expectSequenceSet } from './sets.ts';

const HYPHEN = 0x2d;

/** RFC 3501 6.4.6. */
export function parseStore(cursor: Cursor, uid: boolean): Command {
  cursor.expectSP();
  const set = expectSequenceSet(cursor);
  cursor.expectSP();
  const mode = cursor.take(PLUS) ? 'add' : cursor.take(HYPHEN) ? 'remove' : 'replace';
  const silent = cursor.takeWord('FLAGS.SILENT');
  if (!silent && !cursor.takeWord('FLAGS')) cursor.fail('FLAGS');
  cursor.expectSP();
  return { name: 'STORE', uid, set, mode, silent, flags: expectStoreFlags(cursor) };
}

/** RFC 3501 6.4.7, RFC 6851 3.1. */
export function parseTransfer(name: 'COPY' | 'MOVE', cursor: Cursor, uid: boolean): Command {
  cursor.expectSP();
  const set = expectSequenceSet(cursor);
  cursor.expectSP();
  return { name, uid, set, folder: expectFolder(cursor) };
}

/** RFC 4315 2.1. */
export function parseUidExpunge(cursor: Cursor): Command {
  cursor.expectSP();
  return { name: 'EXPUNGE', uids: expectSequenceSet(cursor) };
}
