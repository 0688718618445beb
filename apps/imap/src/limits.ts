/** Every number that bounds an IMAP connection, beside those of #imap. */

/** Seconds from the greeting to the login: a connection that dribbles octets for ever must not hold its place. */
export const LOGIN_SECONDS = 60;
/** Commands answered BAD before login after which the connection ends: whoever speaks another protocol is soon gone. */
export const MAX_BAD_BEFORE_LOGIN = 20;
/** The same after login, counted since the last command that was understood. */
export const MAX_BAD = 100;
/** Sessions of one account in one process: a client that leaks connections must not take everybody's. */
export const MAX_SESSIONS = 20;
/** Seconds within which every session in IDLE looks for changes, rung or not. */
export const POLL_SECONDS = 30;
/**
 * Polls in a row at which a client in IDLE had said nothing, before it is told that we are still here: two minutes. NATs forget silent
 * connections after five minutes, some after four, and nobody would notice before the client's next IDLE, half an hour later.
 */
export const STILL_HERE_POLLS = 4;
/** Sessions in IDLE that look for changes at once, after a poll or a lost bell: commands of others must not wait behind thousands. */
export const MAX_WAKING = 16;
/** Milliseconds of SEARCH, FETCH and LIST in one round of the event loop: sessions wait for each other, and their work can take seconds. */
export const TURN_MS = 10;
/** Changed and expunged messages that one look at a folder reads: they are told before the next are read, and held no longer. */
export const CHANGES_BATCH = 5_000;
/** Messages of one batch where only flags are read. */
export const FLAG_BATCH = 5_000;
/** Messages of one part of STORE, a transaction each: others have their turn before the next. */
export const STORE_BATCH = 1_000;
/** Messages that SEARCH decides before it looks at the next ones. */
export const SEARCH_PAGE = 5_000;
/** Messages of one batch where stored texts (ENVELOPE, sizes, dates) are read. */
export const META_BATCH = 500;
/** The same where structures are among them, each of which may have a thousand parts. */
export const STRUCTURE_BATCH = 100;
/** Messages of one batch where headers are read and are small; the store cuts by octets besides (READ_BATCH_OCTETS). */
export const HEADER_BATCH = 1_000;
/** Octets of a header that HEADER.FIELDS looks at: the filter needs it whole. */
export const MAX_FILTERED_HEADER = 1024 * 1024;
