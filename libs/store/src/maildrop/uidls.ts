/** RFC 1939 7: a unique-id has 1 to 70 octets of 0x21 to 0x7e and names one message of the maildrop. */
export const MAX_UIDL_OCTETS = 70;

/**
 * Imported unique-ids that can be shown; a message whose own cannot be has the default. Of equal ones the first keeps it.
 * @param pairs message number from 1 and unique-id, ascending
 */
export function usableUidls(pairs: readonly [number, string][], uidValidity: number): Map<number, string> {
  const taken = new Set<string>();
  const usable = new Map<number, string>();
  for (const [number, uidl] of pairs) {
    // One that looks like a default could be another message's.
    if (!isUidl(uidl) || uidl.startsWith(`${uidValidity}.`) || taken.has(uidl)) continue;
    taken.add(uidl);
    usable.set(number, uidl);
  }
  return usable;
}

function isUidl(text: string): boolean {
  if (text.length === 0 || text.length > MAX_UIDL_OCTETS) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
