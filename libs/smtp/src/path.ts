/**
 * Reverse-path and forward-path: RFC 5321 4.1.2, 4.1.3 and 4.5.3.1, RFC 6531 3.3. Source routes are read and ignored (RFC 5321 4.1.1.3);
 * stricter than the RFC where leniency would make a relay: routes in the disguise of local parts are refused.
 */
import { Buffer } from 'node:buffer';
import { isAddressLiteral } from './address-literal.ts';
import { toDomain, type ToAscii } from './domain-name.ts';
import { MAX_DOMAIN, MAX_LOCAL_PART, MAX_PATH } from './limits.ts';
import { isDotString, isLenientDotString, readQuotedString, showLocalPart } from './local-part.ts';
import * as refuse from './refusals.ts';
import type { Reply } from './reply.ts';

export type { ToAscii } from './domain-name.ts';

export interface MailboxPath {
  readonly kind: 'mailbox';
  /** Unquoted, in the case it came in. */
  readonly local: string;
  /** Lower-case A-label; of a reverse-path perhaps an address literal, as it came in. */
  readonly domain: string;
  /** What stood between the angle brackets, behind a source route, octet for octet: for trace fields and logs. */
  readonly original: string;
}

export interface RefusedPath {
  readonly kind: 'refused';
  readonly reply: Reply;
}

/** `null` is the null sender `<>` of a delivery report. */
export type ReversePath = { readonly kind: 'null' } | MailboxPath;
/** `postmaster` is the one without a domain, or at our own address literal: RFC 5321 4.1.1.3 and 4.5.1. */
export type ForwardPath = { readonly kind: 'postmaster' } | MailboxPath;

export interface PathRules {
  /** SMTPUTF8 was given with MAIL. */
  readonly utf8: boolean;
  readonly toAscii: ToAscii;
  /** Whether an address literal, lower-case, brackets included, is one of ours. */
  readonly isOwnLiteral?: (literal: string) => boolean;
}

/** @param text what stands between the angle brackets of MAIL FROM; '' is the null sender */
export function parseReversePath(text: string, rules: PathRules): ReversePath | RefusedPath {
  if (text === '') return { kind: 'null' };
  if (Buffer.byteLength(text) > MAX_PATH - 2) return refused(refuse.REVERSE_PATH_TOO_LONG);
  const fault = textFault(text, rules.utf8);
  if (fault) return refused(fault === 'utf8' ? refuse.NEEDS_SMTPUTF8 : refuse.BAD_REVERSE_PATH);
  const mailbox = behindRoute(text, rules);
  const parts = mailbox === undefined ? undefined : split(mailbox, isLenientDotString);
  const domain = parts && senderDomain(parts.domain, rules);
  if (mailbox === undefined || !parts || !domain) return refused(refuse.BAD_REVERSE_PATH);
  return { kind: 'mailbox', local: parts.local, domain, original: mailbox };
}

/** A sender may live at an address literal (RFC 5321 4.1.2); it stays as it was written. */
const senderDomain = (text: string, { toAscii }: PathRules): string | undefined =>
  isAddressLiteral(text) ? text : toDomain(text, toAscii);

/** @param text what stands between the angle brackets of RCPT TO */
export function parseForwardPath(text: string, rules: PathRules): ForwardPath | RefusedPath {
  if (text.toLowerCase() === 'postmaster') return { kind: 'postmaster' };
  if (Buffer.byteLength(text) > MAX_PATH - 2) return refused(refuse.FORWARD_PATH_TOO_LONG);
  const fault = textFault(text, rules.utf8);
  if (fault) return refused(fault === 'utf8' ? refuse.NEEDS_SMTPUTF8 : refuse.BAD_FORWARD_PATH);
  const mailbox = behindRoute(text, rules);
  if (mailbox === undefined) return refused(refuse.BAD_FORWARD_PATH);
  const parts = split(mailbox, isDotString);
  if (!parts) return refused(hasRouteIn(mailbox) ? refuse.ROUTE_REFUSED : refuse.BAD_FORWARD_PATH);
  if (hasRoute(parts.local)) return refused(refuse.ROUTE_REFUSED);
  if (Buffer.byteLength(parts.local) > MAX_LOCAL_PART) return refused(refuse.FORWARD_PATH_TOO_LONG);
  if (parts.domain.startsWith('[')) return literal(parts.local, parts.domain.toLowerCase(), rules);
  const domain = toDomain(parts.domain, rules.toAscii);
  if (!domain) return refused(refuse.BAD_FORWARD_PATH);
  return { kind: 'mailbox', local: parts.local, domain, original: mailbox };
}

/** RFC 5321 4.1.2 (A-d-l): `@a,@b:` in front of the mailbox means nothing any more (4.1.1.3, appendix C). Undefined: it is none. */
function behindRoute(text: string, { toAscii }: PathRules): string | undefined {
  if (!text.startsWith('@')) return text;
  // No domain of a route holds a colon but an address literal, and that has brackets around it.
  let end = 0;
  let literal = false;
  for (; end < text.length && (literal || text[end] !== ':'); end++) {
    if (text[end] === '[') literal = true;
    else if (text[end] === ']') literal = false;
  }
  const hops = text.slice(0, end).split(',');
  const isHop = (hop: string): boolean =>
    hop.startsWith('@') && (isAddressLiteral(hop.slice(1)) || toDomain(hop.slice(1), toAscii) !== undefined);
  return end < text.length && hops.every(isHop) ? text.slice(end + 1) : undefined;
}

/** `user%other`, `other!user`, `user@other` as a local part: once ways to have mail passed on, never an address of ours. */
export const hasRoute = (local: string): boolean => local.includes('%') || local.includes('!') || local.includes('@');

/** As it may stand in a command or trace field, without angle brackets: quoted where the local part needs it. */
export const showPath = ({ local, domain }: Pick<MailboxPath, 'local' | 'domain'>): string =>
  `${showLocalPart(local)}@${domain}`;

/** Not even parseable as an address: is it a route (`a!b`, `a%b`, `a@b@c`) or just wrong? */
const hasRouteIn = (text: string): boolean => hasRoute(text.slice(0, Math.max(0, text.lastIndexOf('@'))) || text);

function literal(local: string, domain: string, { isOwnLiteral }: PathRules): ForwardPath | RefusedPath {
  const own = local.toLowerCase() === 'postmaster' && isOwnLiteral?.(domain) === true;
  return own ? { kind: 'postmaster' } : refused(refuse.DOMAIN_LITERAL_REFUSED);
}

interface Parts {
  readonly local: string;
  readonly domain: string;
}

function split(text: string, isUnquoted: (local: string) => boolean): Parts | undefined {
  if (text.startsWith('"')) {
    const quoted = readQuotedString(text);
    if (!quoted || text.charAt(quoted.end) !== '@') return undefined;
    return parts(quoted.text, text.slice(quoted.end + 1));
  }
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(0, at));
  return isUnquoted(local) ? parts(local, text.slice(at + 1)) : undefined;
}

const parts = (local: string, domain: string): Parts | undefined =>
  domain === '' || Buffer.byteLength(domain) > MAX_DOMAIN ? undefined : { local, domain };

/** What no path may hold: controls, invisible and direction characters, broken text; and other than ASCII without leave. */
function textFault(text: string, utf8: boolean): 'never' | 'utf8' | undefined {
  let fault: 'utf8' | undefined;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x20 || point === 0x7f || (point >= 0x80 && isUnfit(point))) return 'never';
    if (point >= 0x80 && !utf8) fault = 'utf8';
  }
  return fault;
}

function isUnfit(point: number): boolean {
  const control = point < 0xa0;
  const surrogate = point >= 0xd800 && point < 0xe000;
  const invisible = point === 0x200b || point === 0x2060 || point === 0xfeff;
  const direction = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
  const lineEnd = point === 0x2028 || point === 0x2029;
  // U+FFFD is what a decoder puts in the place of octets that are no UTF-8.
  return control || surrogate || invisible || direction || lineEnd || point === 0xfffd;
}

const refused = (reply: Reply): RefusedPath => ({ kind: 'refused', reply });
