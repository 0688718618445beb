/**
 * The fields put on top of a message: Received and Return-Path (RFC 5321 4.4), Delivered-To (RFC 9228). Whatever a peer
 * said is sanitised here: no input can end a line or forge a field.
 */
import { showPath, type MailboxPath, type ReversePath } from './path.ts';

/** Characters of a name (HELO, reverse DNS) that are kept; a host name has at most 255. */
const MAX_NAME = 255;

/** RFC 3848 and RFC 6531 4.3. */
export interface Transmission {
  /** EHLO rather than HELO. */
  readonly extended: boolean;
  readonly tls: boolean;
  readonly authenticated: boolean;
  readonly utf8: boolean;
}

export interface ReceivedFacts {
  /** As the client said it: anything. */
  readonly helo: string;
  /** The peer's IP address, as the socket says it. */
  readonly remoteAddress: string;
  /** The verified reverse name of the peer, where known. */
  readonly remoteName?: string;
  readonly hostname: string;
  readonly transmission: Transmission;
  /** The message's id as shown: the same in logs and replies. */
  readonly id: string;
  /** Only when the message has a single recipient: others are nobody's business. RFC 5321 7.6. */
  readonly recipient?: Pick<MailboxPath, 'local' | 'domain'>;
  readonly at: Date;
}

/** The whole field with folds and its CRLF. */
export function composeReceived(facts: ReceivedFacts): string {
  const { transmission, recipient } = facts;
  const remote = `${facts.remoteName === undefined ? '' : `${name(facts.remoteName)} `}${addressLiteral(facts.remoteAddress)}`;
  const forWhom = recipient && fieldPath(recipient, transmission.utf8);
  return (
    `Received: from ${name(facts.helo)} (${remote})\r\n` +
    `\tby ${name(facts.hostname)} (Posthouse) with ${protocolName(transmission)} id ${name(facts.id)}` +
    `${forWhom === undefined ? '' : `\r\n\tfor <${forWhom}>`};\r\n` +
    `\t${showDate(facts.at)}\r\n`
  );
}

/** The Return-Path field with its CRLF: put on at final delivery only. */
export const composeReturnPath = (path: ReversePath): string =>
  `Return-Path: <${path.kind === 'null' ? '' : (fieldPath(path, true) ?? '')}>\r\n`;

/** The Delivered-To field with its CRLF; undefined for an address that cannot stand in a field. */
export function composeDeliveredTo(path: Pick<MailboxPath, 'local' | 'domain'>): string | undefined {
  const shown = fieldPath(path, true);
  return shown === undefined ? undefined : `Delivered-To: ${shown}\r\n`;
}

export function protocolName({ extended, tls, authenticated, utf8 }: Transmission): string {
  if (!extended) return 'SMTP';
  return `${utf8 ? 'UTF8SMTP' : 'ESMTP'}${tls ? 'S' : ''}${authenticated ? 'A' : ''}`;
}

/** RFC 5322 3.3, in UTC. */
export function showDate(at: Date): string {
  const [day, date, month, year, time] = at.toUTCString().split(' ');
  return `${day} ${date} ${month} ${year} ${time} +0000`;
}

/** Host names, address literals and ids keep their characters; everything else becomes `?`. Never empty. */
function name(text: string): string {
  let clean = '';
  for (const character of text.slice(0, MAX_NAME)) clean += isNameCharacter(character) ? character : '?';
  return clean || 'unknown';
}

function isNameCharacter(character: string): boolean {
  const letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
  return letter || (character >= '0' && character <= '9') || '.-_:[]'.includes(character);
}

/** RFC 5321 4.1.3. An IPv4 address in IPv6 clothes is shown as what it is. */
function addressLiteral(address: string): string {
  const bare = address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  return `[${bare.includes(':') ? 'IPv6:' : ''}${name(bare)}]`;
}

/** Undefined when the path holds what no field may, or UTF-8 where it was not agreed on. */
function fieldPath(path: Pick<MailboxPath, 'local' | 'domain'>, utf8: boolean): string | undefined {
  const shown = showPath(path);
  for (const character of shown) {
    const point = character.codePointAt(0) ?? 0;
    const control = point < 0x20 || (point >= 0x7f && point < 0xa0) || point === 0x2028 || point === 0x2029;
    if (control || (point >= 0x80 && !utf8)) return undefined;
  }
  return shown;
}
