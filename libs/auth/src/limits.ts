/** Every number that bounds a login. */

/** Octets; a longer password is refused like a wrong one, without hashing it. */
export const MAX_PASSWORD_OCTETS = 1024;
/** Characters of a login name: the longest address, local part and domain. */
export const MAX_LOGIN_NAME = 320;

/** Failed logins in one window after which an account is not tried any more, from all networks together that it does not know, and from each that it knows. */
export const ACCOUNT_FAILURES = 5;
/** The same for one remote address (IPv6: one /64), with accounts that do not know its network: many people may share an address. */
export const REMOTE_FAILURES = 20;
/** Seconds from the first failure. */
export const FAILURE_WINDOW = 60;
/** Keys whose failures a process keeps beside the database's; the oldest goes first. */
export const MAX_TRACKED_KEYS = 20_000;

/** Seconds a verified credential is good without hashing again, from its last use on. */
export const CACHE_LIFETIME = 300;
/** Accounts in the cache; the least recently used goes first. */
export const CACHE_ENTRIES = 10_000;

/** Seconds between two looks at the standing of every open session, for rings that were missed. */
export const STANDING_SECONDS = 30;
/** Accounts in one statement that reads standings. */
export const MAX_STANDINGS = 1_000;

/** Of libuv's threads, left for files and names, so that they never wait for passwords. */
export const SPARE_THREADS = 1;
/** Of libuv. */
export const DEFAULT_THREAD_POOL = 4;
/** Passwords that may wait for their turn in a process: one for each connection that POP3 and IMAP take together by default, 2 KiB each. */
export const MAX_WAITING_LOGINS = 20_000;
/** Seconds a login waits for its turn; then it is answered "try later". */
export const MAX_LOGIN_WAIT = 120;
/** Times a login is judged anew because the password was changed while it waited. */
export const MAX_JUDGEMENTS = 3;
