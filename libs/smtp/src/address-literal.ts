/** Address literals: RFC 5321 4.1.3. Well-formed or not, nothing more: no mail is sent to one. */

const IPV6_TAG = 'ipv6:';
/** The "::" stands for at least two groups. */
const MAX_GROUPS_BESIDE_GAP = 6;
const GROUPS = 8;

/** `[192.0.2.1]` or `[IPv6:2001:db8::1]`, brackets included; of other kinds (General-address-literal) there are none. */
export function isAddressLiteral(text: string): boolean {
  if (!text.startsWith('[') || !text.endsWith(']')) return false;
  const address = text.slice(1, -1);
  const isTagged = address.slice(0, IPV6_TAG.length).toLowerCase() === IPV6_TAG;
  return isTagged ? isIpv6(address.slice(IPV6_TAG.length)) : isIpv4(address);
}

function isIpv4(text: string): boolean {
  const numbers = text.split('.');
  return numbers.length === 4 && numbers.every((digits) => isOf(digits, isDigit, 3) && Number(digits) <= 255);
}

function isIpv6(text: string): boolean {
  const [before = '', after, ...more] = text.split('::');
  if (more.length > 0) return false;
  const groups = [...groupsOf(before), ...groupsOf(after ?? '')];
  const last = groups.at(-1) ?? '';
  const endsInIpv4 = isIpv4(last);
  const count = endsInIpv4 ? groups.length + 1 : groups.length;
  if (after === undefined ? count !== GROUPS : count > MAX_GROUPS_BESIDE_GAP) return false;
  // An IPv4 address in front of the gap would not be the last of the address.
  if (endsInIpv4 && after === '') return false;
  return (endsInIpv4 ? groups.slice(0, -1) : groups).every((digits) => isOf(digits, isHexDigit, 4));
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));

const isOf = (text: string, isIt: (character: string) => boolean, most: number): boolean =>
  text.length > 0 && text.length <= most && Array.from(text).every(isIt);

const isDigit = (character: string): boolean => character >= '0' && character <= '9';
const isHexDigit = (character: string): boolean =>
  isDigit(character) || (character >= 'a' && character <= 'f') || (character >= 'A' && character <= 'F');
