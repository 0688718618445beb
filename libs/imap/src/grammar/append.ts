import type { AppendCommand } from '../command.ts';
import type { Cursor } from '../cursor.ts';
import { NO_FLAGS } from '../flags.ts';
import { dateTime } from './dates.ts';
import { flagList } from './flags.ts';
import { expectFolder } from './folder-name.ts';

/** RFC 3501 6.3.11, up to the announcement of the message. */
export function parseAppend(cursor: Cursor): AppendCommand {
  cursor.expectSP();
  const folder = expectFolder(cursor);
  cursor.expectSP();
  const flags = flagList(cursor);
  if (flags) cursor.expectSP();
  const date = dateTime(cursor);
  if (date !== undefined) cursor.expectSP();
  const size = cursor.expectFinalLiteral();
  const command = { name: 'APPEND', folder, flags: flags ?? NO_FLAGS, size } as const;
  return date === undefined ? command : { ...command, date };
}
