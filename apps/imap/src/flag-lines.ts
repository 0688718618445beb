import { encodeUntagged } from '#imap';

const SYSTEM_FLAGS = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft'];
const NONE_PERMANENT = encodeUntagged('OK', 'nothing is kept', { code: 'PERMANENTFLAGS', flags: [] });

/** RFC 3501 7.1. The keywords there are, since what is not named cannot be changed; and `\*`: clients may make more. */
export const permanentLine = (keywords: readonly string[], readOnly: boolean): string =>
  readOnly
    ? NONE_PERMANENT
    : encodeUntagged('OK', 'flags kept', { code: 'PERMANENTFLAGS', flags: [...SYSTEM_FLAGS, ...keywords, '\\*'] });
