import type { Command, ListReturn, ListSelection, StatusItem } from '../command.ts';
import type { Cursor } from '../cursor.ts';
import { MAX_LIST_OCTETS, MAX_LIST_PATTERNS } from '../limits.ts';
import { OPEN } from '../octets.ts';
import { expectFolder, expectNewFolder, expectPattern, expectReference } from './folder-name.ts';

/** Options in one list, those written twice among them. */
const MAX_OPTIONS = 16;

const STATUS_ITEMS: readonly StatusItem[] = ['MESSAGES', 'RECENT', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN'];
const SELECTIONS: readonly ListSelection[] = ['SUBSCRIBED', 'SPECIAL-USE'];
const RETURNS: readonly ListReturn[] = ['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE'];

type OnFolderName = 'SELECT' | 'EXAMINE' | 'DELETE' | 'SUBSCRIBE' | 'UNSUBSCRIBE';

/** The commands whose one argument is a folder. */
export const parseOnFolder =
  (name: OnFolderName) =>
  (cursor: Cursor): Command => {
    cursor.expectSP();
    return { name, folder: expectFolder(cursor) };
  };

/** RFC 3501 6.3.3: a separator at the end only announces children, and is dropped. */
export function parseCreate(cursor: Cursor): Command {
  cursor.expectSP();
  return { name: 'CREATE', folder: expectNewFolder(cursor) };
}

export function parseRename(cursor: Cursor): Command {
  cursor.expectSP();
  const from = expectFolder(cursor);
  cursor.expectSP();
  return { name: 'RENAME', from, to: expectNewFolder(cursor) };
}

export function parseStatus(cursor: Cursor): Command {
  cursor.expectSP();
  const folder = expectFolder(cursor);
  cursor.expectSP();
  const items = options(cursor, STATUS_ITEMS, 'status item') ?? cursor.fail('list of status items');
  return items.length > 0 ? { name: 'STATUS', folder, items } : cursor.fail('status item');
}

/** RFC 3501 6.3.8; options as in RFC 5258 3, as far as RFC 6154 and RFC 3348 need them. */
export function parseList(cursor: Cursor): Command {
  cursor.expectSP();
  const select = options(cursor, SELECTIONS, 'selection option');
  if (select) cursor.expectSP();
  const reference = expectReference(cursor);
  cursor.expectSP();
  const several = cursor.peek === OPEN;
  const patterns = several ? expectPatterns(cursor, reference) : [expectPattern(cursor)];
  const give = cursor.sp() ? expectReturn(cursor) : undefined;
  const extended = several || select !== undefined || give !== undefined;
  return { name: 'LIST', ...possible(reference, patterns), select: select ?? [], give: give ?? [], extended };
}

/** RFC 3501 6.3.9. */
export function parseLsub(cursor: Cursor): Command {
  cursor.expectSP();
  const reference = expectReference(cursor);
  cursor.expectSP();
  return { name: 'LSUB', ...possible(reference, [expectPattern(cursor)]), select: [], give: [], extended: false };
}

/** Without the patterns that match nothing. */
function possible(reference: string | undefined, patterns: readonly (string | undefined)[]) {
  if (reference === undefined) return { reference: '', patterns: [] };
  return { reference, patterns: patterns.filter((pattern) => pattern !== undefined) };
}

function expectReturn(cursor: Cursor): ListReturn[] {
  if (!cursor.takeWord('RETURN')) cursor.fail('RETURN');
  cursor.expectSP();
  return options(cursor, RETURNS, 'return option') ?? cursor.fail('list of return options');
}

function expectPatterns(cursor: Cursor, reference = ''): (string | undefined)[] {
  let octets = 0;
  const pattern = (): string | undefined => {
    const found = expectPattern(cursor);
    octets += reference.length + (found?.length ?? 0);
    return octets > MAX_LIST_OCTETS ? cursor.over(`at most ${MAX_LIST_OCTETS} octets of patterns`) : found;
  };
  const patterns = cursor.list(pattern, MAX_LIST_PATTERNS) ?? [];
  return patterns.length > 0 ? patterns : cursor.fail('pattern');
}

/** A list of words out of `known`, each kept once; undefined when there is no parenthesis. */
function options<T extends string>(cursor: Cursor, known: readonly T[], what: string): T[] | undefined {
  const option = (): T => {
    const word = cursor.expectAtom(what).toUpperCase();
    return known.find((one) => one === word) ?? cursor.fail(what);
  };
  const found = cursor.list(option, MAX_OPTIONS);
  return found && [...new Set(found)];
}
