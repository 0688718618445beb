import type { Cursor } from '../cursor.ts';
import { FLAG_BIT, systemFlag, type FlagSet } from '../flags.ts';
import { MAX_FLAG_LIST, MAX_KEYWORD } from '../limits.ts';
import { BACKSLASH } from '../octets.ts';

/** flag-list: `(\Seen $Forwarded)`; undefined when there is no parenthesis. */
export function flagList(cursor: Cursor): FlagSet | undefined {
  const flags = cursor.list(() => expectFlag(cursor), MAX_FLAG_LIST);
  return flags && collect(flags);
}

/** The flags of STORE: a list, or bare flags with spaces between. */
export function expectStoreFlags(cursor: Cursor): FlagSet {
  const listed = flagList(cursor);
  if (listed) return listed;
  const flags = [expectFlag(cursor)];
  while (cursor.sp()) {
    if (flags.length >= MAX_FLAG_LIST) cursor.over(`at most ${MAX_FLAG_LIST} flags`);
    flags.push(expectFlag(cursor));
  }
  return collect(flags);
}

/** A bit or a keyword. RFC 3501 9: a client may not set \Recent; of other `\` names only the server's own exist. */
function expectFlag(cursor: Cursor): number | string {
  if (!cursor.take(BACKSLASH)) return expectKeyword(cursor);
  const bit = systemFlag(`\\${cursor.expectAtom('flag')}`);
  return bit === undefined || bit === FLAG_BIT.recent ? cursor.fail('system flag') : bit;
}

function expectKeyword(cursor: Cursor): string {
  const keyword = cursor.expectAtom('flag');
  return keyword.length > MAX_KEYWORD ? cursor.over(`keyword of at most ${MAX_KEYWORD} characters`) : keyword;
}

function collect(flags: readonly (number | string)[]): FlagSet {
  let system = 0;
  const keywords = new Map<string, string>();
  for (const flag of flags) {
    if (typeof flag === 'number') system |= flag;
    else if (!keywords.has(flag.toLowerCase())) keywords.set(flag.toLowerCase(), flag);
  }
  return { system, keywords: [...keywords.values()] };
}
