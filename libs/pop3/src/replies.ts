/** Every line this server says, in one place. Texts end in CRLF; response codes by RFC 2449 8 and RFC 3206. */
import type { Maildrop } from './maildrop.ts';
import { isMarked, type Marks } from './marks.ts';

export const ok = (text: string): string => `+OK ${text}\r\n`;
export const err = (text: string): string => `-ERR ${text}\r\n`;

/** No timestamp in angle brackets: APOP is not offered (RFC 1939 7). */
export const GREETING = ok('Posthouse ready');
/** Said by the driver when it ends a session for its own reasons. */
export const SHUTTING_DOWN = err('[SYS/TEMP] server is going down, try again soon');
/** The account is no longer what it was at login. RFC 3206: only another password can help, or not even that. */
export const revoked = (why: 'disabled' | 'no-login' | 'removed' | 'password-changed'): string =>
  why === 'password-changed'
    ? err('[AUTH] the password was changed, log in again')
    : err('[SYS/PERM] the account may not log in any more');
export const TOO_MANY_CONNECTIONS = err('[SYS/TEMP] too many connections, try again later');

export const NO_SUCH_MESSAGE = err('no such message');
export const ALREADY_DELETED = err('message is deleted');
export const UNKNOWN_COMMAND = err('unknown command');
export const BAD_ARGUMENTS = err('bad arguments');
export const LINE_TOO_LONG = err('line too long');
export const TOO_MANY_BAD_COMMANDS = err('too many bad commands, closing');
export const NOT_LOGGED_IN = err('log in first');
export const ALREADY_LOGGED_IN = err('already logged in');
export const OUT_OF_ORDER = err('command out of order');
export const NO_PLAIN_PASSWORDS = err('passwords are only taken over TLS');
export const BYE = ok('bye');

/** RFC 5034 4: an empty challenge. */
export const SASL_CHALLENGE = '+ \r\n';

/** RFC 2449 6, in the order sent. Logins are announced only where they are taken. */
export function capabilities(passwords: boolean): string {
  return multiline('capabilities', [
    'TOP',
    'UIDL',
    ...(passwords ? ['USER', 'SASL PLAIN'] : []),
    'PIPELINING',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'EXPIRE NEVER',
    'IMPLEMENTATION Posthouse',
  ]);
}

/** RFC 5034 4: AUTH without a mechanism. */
export const mechanisms = (passwords: boolean): string => multiline('mechanisms', passwords ? ['PLAIN'] : []);

export const messages = (count: number, octets: number): string =>
  `${count} message${count === 1 ? '' : 's'} (${octets} octets)`;

/** Messages of one piece of a listing. */
const LISTED_AT_ONCE = 1_000;

/** The scan listing (RFC 1939 5) or unique-id listing (7) of all messages that are not marked, in pieces: a maildrop may hold a million. */
export function* listing(verb: 'LIST' | 'UIDL', drop: Maildrop, marks: Marks): Generator<string, void> {
  let text = ok(messages(drop.count - marks.count, drop.octets - marks.octets));
  for (let number = 1; number <= drop.count; number++) {
    if (!isMarked(marks, number)) text += `${entry(verb, drop, number)}\r\n`;
    if (number % LISTED_AT_ONCE > 0) continue;
    yield text;
    text = '';
  }
  yield `${text}.\r\n`;
}

export const entry = (verb: 'LIST' | 'UIDL', drop: Maildrop, number: number): string =>
  `${number} ${verb === 'LIST' ? drop.sizeOf(number) : drop.uidlOf(number)}`;

const multiline = (title: string, lines: readonly string[]): string =>
  `${ok(title)}${lines.map((line) => `${line}\r\n`).join('')}.\r\n`;
