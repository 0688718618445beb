/** Ids: UUIDv7 inside, `msg_01…` outside. Brands keep one kind of id from being passed for another. */
declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type TenantId = Id<'tenant'>;
export type DomainId = Id<'domain'>;
export type MailboxId = Id<'mailbox'>;
export type FolderId = Id<'folder'>;
export type MessageId = Id<'message'>;

export type IdPrefix = 'ten' | 'dom' | 'mbx' | 'fld' | 'msg';

/** The tree's root: owns no domains; an operator acts as this tenant. */
export const ROOT_TENANT = '00000000-0000-7000-8000-000000000000' as TenantId;
/** Exists from the first start; commands use it where no tenant is named. */
export const DEFAULT_TENANT = '00000000-0000-7000-8000-000000000001' as TenantId;

/** RFC 9562 5.7: 48 bits of milliseconds, then random bits; sorts by time of birth. `random` needs 10 octets. */
export function uuidV7(milliseconds: number, random: Uint8Array): string {
  const hex = [...random].map((octet) => octet.toString(16).padStart(2, '0')).join('');
  const time = milliseconds.toString(16).padStart(12, '0');
  const variant = (8 + ((random[2] ?? 0) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(5, 8)}-${hex.slice(8, 20)}`;
}

/** Crockford's base 32: no I, L, O, U; sorts as the number does. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** `msg_` and 26 base 32 digits: what people and logs see. 128 bits make 25 digits of five and a first one of three. */
export function showId(prefix: IdPrefix, uuid: string): string {
  let shown = `${prefix}_`;
  let bits = 0;
  let held = 2; // 130 bits fill the digits: two zeros come first
  for (let at = 0; at < uuid.length; at++) {
    const code = uuid.charCodeAt(at);
    if (code === HYPHEN) continue;
    bits = ((bits << 4) | (code >= LETTER_A ? code - LETTER_A + 10 : code - DIGIT_0)) & 0xfff;
    held += 4;
    if (held < 5) continue;
    held -= 5;
    shown += ALPHABET[(bits >> held) & 31] ?? '';
  }
  return shown;
}

/** Two digits at once. */
const PAIRS = Array.from({ length: 1024 }, (_, at) => `${ALPHABET[at >> 5] ?? ''}${ALPHABET[at & 31] ?? ''}`);

/** The same of the 16 octets of a UUID that begin at `start`: for lists of a million. */
export function showPackedId(prefix: IdPrefix, octets: Uint8Array, start: number): string {
  let shown = `${prefix}_`;
  let bits = 0;
  let held = 2;
  for (let at = start; at < start + 16; at++) {
    bits = ((bits << 8) | (octets[at] ?? 0)) & 0x3ffff;
    held += 8;
    if (held < 10) continue;
    held -= 10;
    shown += PAIRS[(bits >> held) & 1023] ?? '';
  }
  return shown;
}

const HYPHEN = 0x2d;
const DIGIT_0 = 0x30;
const LETTER_A = 0x61;

/** The UUID behind a shown id (or a bare UUID); undefined when the text is neither. */
export function parseId(prefix: IdPrefix, text: string): string | undefined {
  const lower = text.toLowerCase();
  if (isUuid(lower)) return lower;
  if (lower.length !== prefix.length + 27 || !lower.startsWith(`${prefix}_`)) return undefined;
  let number = 0n;
  for (const digit of lower.slice(prefix.length + 1)) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) return undefined;
    number = (number << 5n) | BigInt(value);
  }
  if (number >> 128n) return undefined;
  const hex = number.toString(16).padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text);
