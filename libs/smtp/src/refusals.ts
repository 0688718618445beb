/** Every refusal of the ingress, in one place, and the success that names the queue id. */
import { MAX_DATA_LINE, type DataViolation } from '#wire';
import { MAX_LOCAL_PART, MAX_PATH } from './limits.ts';
import { reply, type Reply } from './reply.ts';

export const RELAYING_DENIED = reply(550, '5.7.1', 'relaying denied');
/** Source routes, percent hack, bang paths, an @ inside the local part: all ask us to pass mail on. */
export const ROUTE_REFUSED = reply(550, '5.7.1', 'routes in addresses are not accepted');
export const DOMAIN_LITERAL_REFUSED = reply(550, '5.7.1', 'mail to address literals is not accepted');
export const NO_SUCH_USER = reply(550, '5.1.1', 'no such user here');
export const DISABLED = reply(550, '5.2.1', 'mailbox is disabled');
export const OVER_QUOTA = reply(452, '4.2.2', 'mailbox is full');
/** Behind the data, where the size is known: no mail can go for which this were room. */
export const OVER_WHOLE_QUOTA = reply(552, '5.2.2', 'message is larger than all that the mailbox may hold');
export const TOO_BIG = reply(552, '5.3.4', 'message is too big');
/** Behind the data: what RCPT was answered from has changed meanwhile. */
export const OVERTAKEN = reply(451, '4.3.0', 'a recipient changed while the message came, try again');
/** Any trouble of ours: a wrong 5xx would lose mail. */
export const TEMPORARY_FAILURE = reply(451, '4.3.0', 'temporary failure, try again later');
export const SHUTTING_DOWN = reply(421, '4.3.2', 'server is going down, try again soon');
export const TOO_MANY_CONNECTIONS = reply(421, '4.7.0', 'too many connections, try again later');
export const TOO_MANY_RECIPIENTS = reply(452, '4.5.3', 'too many recipients');
/** RFC 5321 4.5.3.1.10: the client sends what was accepted, and to the rest later. */
export const ENVELOPES_FULL = reply(452, '4.3.1', 'no room for more recipients now, send to the rest later');
/** RFC 3463 3.3 */
export const TOO_MANY_PLACES = reply(550, '5.2.4', 'address leads to too many places');
export const LOOP = reply(554, '5.4.6', 'mail loop');

export const BAD_COMMAND = reply(501, '5.5.2', 'syntax error in the command');
export const BAD_PARAMETER = reply(501, '5.5.4', 'syntax error in a parameter');
export const UNKNOWN_PARAMETER = reply(555, '5.5.4', 'parameter is not supported');
export const BAD_FORWARD_PATH = reply(501, '5.1.3', 'bad recipient address syntax');
export const BAD_REVERSE_PATH = reply(501, '5.1.7', 'bad sender address syntax');
/** RFC 5321 4.5.3.1.9. */
export const FORWARD_PATH_TOO_LONG = reply(
  501,
  '5.1.3',
  `recipient address is longer than ${MAX_PATH} octets or its local part than ${MAX_LOCAL_PART}`,
);
export const REVERSE_PATH_TOO_LONG = reply(501, '5.1.7', `sender address is longer than ${MAX_PATH} octets`);
/** RFC 6531 3.5. */
export const NEEDS_SMTPUTF8 = reply(553, '5.6.7', 'address needs SMTPUTF8');

export const BARE_CR = reply(554, '5.6.0', 'message contains a CR without LF (RFC 5321 2.3.8)');
export const BARE_LF = reply(554, '5.6.0', 'message contains an LF without CR (RFC 5321 2.3.8)');
export const NUL_REFUSED = reply(554, '5.6.0', 'message contains a NUL octet');
export const LINE_TOO_LONG = reply(554, '5.6.0', `message has a line of more than ${MAX_DATA_LINE} octets`);
export const HEADER_TOO_LARGE = reply(552, '5.3.4', 'message header is too large');
export const TOO_MANY_HEADER_LINES = reply(554, '5.6.0', 'message header has too many lines');

const VIOLATIONS: Readonly<Record<DataViolation, Reply>> = {
  'bare-cr': BARE_CR,
  'bare-lf': BARE_LF,
  nul: NUL_REFUSED,
  'line-too-long': LINE_TOO_LONG,
  'header-too-large': HEADER_TOO_LARGE,
  'too-many-header-lines': TOO_MANY_HEADER_LINES,
  'too-many-hops': LOOP,
};

/** What DataInspector found, as the reply to the end of data. */
export const replyToViolation = (violation: DataViolation): Reply => VIOLATIONS[violation];

/** The final reply to DATA: from here on the message is ours. */
export const queuedAs = (id: string): Reply => reply(250, '2.0.0', `queued as ${id}`);
