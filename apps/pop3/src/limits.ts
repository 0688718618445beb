/** Every number that bounds a POP3 connection, beside those of #pop3. */

/** Seconds from the greeting to the login: a connection that dribbles octets for ever must not hold its place. */
export const LOGIN_SECONDS = 180;
/** Seconds a maildrop stays locked whose process is frozen, or died unseen. One that is seen to die frees it at once. */
export const LEASE_SECONDS = 90;
/** Milliseconds after which a lease is renewed; three chances before it runs out. */
export const RENEW_AFTER_MS = 30_000;
/** Messages one batch reads ahead. */
export const READ_AHEAD_MESSAGES = 20;
/** Octets of the largest message that is read ahead; a larger one is fetched when it is asked for. */
export const READ_AHEAD_LARGEST = 256 * 1024;
/** Octets read ahead for all sessions of the process; beyond them every message is fetched when it is asked for. */
export const READ_AHEAD_BUDGET = 64 * 1024 * 1024;
