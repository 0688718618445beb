/** What people type into the directory, checked and brought into stored form. Every function throws DirectoryRefusal `bad-input`. */
import { Buffer } from 'node:buffer';
import { canonicalDomain, MAX_LOCAL_PART, parseAddress, type CanonicalAddress, type ToAscii } from './address.ts';
import { DirectoryRefusal, quoted } from './directory-refusal.ts';
import { isControl, isDeceptive, isSurrogate } from './plain-text.ts';
import { SEPARATORS, type RowKind } from './resolution.ts';

/** Octets of an address as typed; RFC 5321 4.5.3.1.3 allows 254 without the angle brackets. */
export const MAX_ADDRESS = 254;
/** Characters of a tenant's name. */
export const MAX_TENANT_NAME = 63;
/** Largest quota: beyond it a number is no longer exact. */
export const MAX_QUOTA = Number.MAX_SAFE_INTEGER;

const bad = (field: string, message: string): DirectoryRefusal => new DirectoryRefusal('bad-input', field, message);

/** Refuses what no name, address or setting may hold: C0 and C1 controls (CR, LF and NUL among them) and lone surrogates. */
export function checkText(field: string, text: string): string {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (isControl(point)) throw bad(field, `the ${field} holds a control character (${codeOf(point)})`);
    if (isSurrogate(point)) throw bad(field, `the ${field} is not valid Unicode`);
  }
  return text;
}

const CONTROL_NAMES = new Map([
  [0, 'NUL'],
  [9, 'TAB'],
  [10, 'LF'],
  [13, 'CR'],
]);
const codeOf = (point: number): string =>
  CONTROL_NAMES.get(point) ?? `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;

/** Lower-case letters, digits and inner hyphens: it stands in commands and URLs. */
export function checkTenantName(text: string): string {
  const name = checkText('tenant', text).toLowerCase();
  if (name.length === 0 || name.length > MAX_TENANT_NAME)
    throw bad('tenant', `a tenant's name has 1 to ${MAX_TENANT_NAME} characters`);
  const fits = Array.from(name).every((character) => isLetterOrDigit(character) || character === '-');
  if (!fits || name.startsWith('-') || name.endsWith('-')) {
    throw bad('tenant', `${quoted(text)} is no tenant name: use letters, digits and inner hyphens`);
  }
  return name;
}

const isLetterOrDigit = (character: string): boolean =>
  (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');

/** Any form of a domain (mixed case, U-labels, trailing dot) as lower-case A-label with at least two labels. */
export function checkDomainName(text: string, toAscii: ToAscii, field = 'domain'): string {
  const name = canonicalDomain(checkText(field, text), toAscii);
  const last = name?.slice(name.lastIndexOf('.') + 1) ?? '';
  if (name === undefined) throw bad(field, `${quoted(text)} is no domain name`);
  if (!name.includes('.'))
    throw bad(field, `${quoted(text)} has one label only: give the full name, such as example.org`);
  if (Array.from(last).every((digit) => digit >= '0' && digit <= '9'))
    throw bad(field, `${quoted(text)} is an IP address or ends in digits, not a domain name`);
  return name;
}

/** Separators in the order of SEPARATORS, each once. */
export function checkSeparators(text: string): string {
  for (const character of checkText('separators', text)) {
    if (!SEPARATORS.includes(character))
      throw bad('separators', `${quoted(character)} is no separator: choose from ${SEPARATORS}`);
  }
  return Array.from(SEPARATORS)
    .filter((character) => text.includes(character))
    .join('');
}

/** A mailbox's address in the form the directory compares. */
export function checkAddress(text: string, toAscii: ToAscii, field = 'address'): CanonicalAddress {
  checkText(field, text);
  if (Buffer.byteLength(text) > MAX_ADDRESS)
    throw bad(field, `the ${field} has ${Buffer.byteLength(text)} octets; at most ${MAX_ADDRESS} are allowed`);
  const at = text.lastIndexOf('@');
  if (at < 0) throw bad(field, `${quoted(text)} is no address: expected local-part@domain`);
  const domain = checkDomainName(text.slice(at + 1), toAscii, field);
  const address = parseAddress(text, toAscii);
  if (!address) throw bad(field, `${quoted(text)} is no address: its local part is empty or longer than 64 octets`);
  if (!isLocalPart(address.local))
    throw bad(field, `${quoted(text)} is no address: its local part holds a space or a special character`);
  return { local: address.local, domain };
}

/** RFC 5321 4.1.2 Dot-string, with UTF-8 (RFC 6531 3.3). Quoted local parts are received but never given out. */
function isLocalPart(local: string): boolean {
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return false;
  return !Array.from(local).some((character) => ' "(),:;<>@[\\]\u00a0\u3000'.includes(character));
}

/** An address that is about to be given out, or an alias; what is there already may still be found and removed by its name. */
export function checkReachable<Name extends CanonicalAddress>(text: string, name: Name, field = 'address'): Name {
  const why = whyUnreachable(name);
  if (why !== undefined) throw bad(field, `${quoted(text)} would get no mail: port 25 refuses ${why}`);
  return name;
}

/** The rules of #smtp's parseForwardPath that the directory does not have anyway; a test compares the two. */
function whyUnreachable({ local, domain }: CanonicalAddress): string | undefined {
  if (local.includes('%') || local.includes('!')) return 'every address with % or ! before the @ as a route';
  const unseen = deceptiveIn(local);
  if (unseen !== undefined) return `every address with an invisible or misleading character (${unseen})`;
  // Of what was typed both are within bounds; lower case and an A-label may be longer.
  const octets = Buffer.byteLength(local);
  if (octets > MAX_LOCAL_PART)
    return `a local part of more than ${MAX_LOCAL_PART} octets, and in lower case it has ${octets}`;
  const all = octets + 1 + domain.length;
  return all > MAX_ADDRESS
    ? `more than ${MAX_ADDRESS} octets, and with its domain as A-label it has ${all}`
    : undefined;
}

function deceptiveIn(text: string): string | undefined {
  const found = Array.from(text, (character) => character.codePointAt(0) ?? 0).find(isDeceptive);
  return found === undefined ? undefined : codeOf(found);
}

/** Where a row of the address book stands. */
export interface RowName {
  readonly kind: Exclude<RowKind, 'address'>;
  /** '' for the catch-all. */
  readonly local: string;
  readonly domain: string;
}

const DEFAULT_SUFFIX = '-default';

/** `sales@d` is an alias, `foo-default@d` a prefix row, `*@d` or `@d` the catch-all. */
export function checkAliasName(text: string, toAscii: ToAscii): RowName {
  checkText('alias', text);
  if (text.startsWith('*@') || text.startsWith('@')) {
    return {
      kind: 'catch-all',
      local: '',
      domain: checkDomainName(text.slice(text.indexOf('@') + 1), toAscii, 'alias'),
    };
  }
  const { local, domain } = checkAddress(text, toAscii, 'alias');
  if (local === DEFAULT_SUFFIX)
    throw bad('alias', `${quoted(text)} has nothing before ${DEFAULT_SUFFIX}: use *@${domain} for a catch-all`);
  if (!local.endsWith(DEFAULT_SUFFIX)) return { kind: 'alias', local, domain };
  return { kind: 'prefix', local: local.slice(0, -DEFAULT_SUFFIX.length), domain };
}

/** A row's name as people write it; the other way of checkAliasName. */
export function showRowName({
  kind,
  local,
  domain,
}: {
  readonly kind: RowKind;
  readonly local: string;
  readonly domain: string;
}): string {
  if (kind === 'catch-all') return `*@${domain}`;
  return `${local}${kind === 'prefix' ? DEFAULT_SUFFIX : ''}@${domain}`;
}

/** A target as it is stored: the local part as typed, since a foreign host may tell case apart; the domain as A-label. */
export function checkForwardPath(
  text: string,
  toAscii: ToAscii,
): { readonly path: string; readonly address: CanonicalAddress } {
  const address = checkAddress(text, toAscii, 'target');
  const unseen = deceptiveIn(address.local);
  if (unseen !== undefined)
    throw bad('target', `${quoted(text)} holds an invisible or misleading character (${unseen}): type it anew`);
  return { path: `${text.slice(0, text.lastIndexOf('@')).normalize('NFC')}@${address.domain}`, address };
}

/** A whole number from 0. */
export function checkQuota(field: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw bad(field, `the ${field} is out of range: a whole number from 0 to ${MAX_QUOTA}`);
  return value;
}
