/** Remote addresses as the throttle and the plain-password rule see them. */
import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';

const MAPPED = '::ffff:';

/** Without a zone, and IPv4 where it was mapped into IPv6; undefined when it is no address. */
function plain(address: string): string | undefined {
  const [bare = ''] = address.toLowerCase().split('%', 1);
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return undefined;
  const shown = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  const inner = shown.startsWith(MAPPED) ? shown.slice(MAPPED.length) : '';
  return isIPv4(inner) ? inner : shown;
}

/** What one customer has of the internet: an IPv4 address, or an IPv6 /64. */
export function remoteNetwork(address: string): string {
  const shown = plain(address);
  if (shown === undefined) return 'unknown';
  return isIPv4(shown) ? shown : `${groups(shown).slice(0, 4).join(':')}::/64`;
}

/** Where one customer, or an office, or a household is met again: an IPv4 /24, or an IPv6 /64. */
export function homeNetwork(address: string): string {
  const remote = remoteNetwork(address);
  return isIPv4(remote) ? `${remote.split('.').slice(0, 3).join('.')}.0/24` : remote;
}

/** All eight groups of an IPv6 address, without leading zeros. */
function groups(address: string): string[] {
  const [left, right] = address.split('::', 2).map((half) => half.split(':').filter((group) => group !== ''));
  const before = left ?? [];
  const after = right ?? [];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback(address: string): boolean {
  const shown = plain(address);
  return shown !== undefined && loopback.check(shown, isIPv4(shown) ? 'ipv4' : 'ipv6');
}

/** Whether a password may travel over an unencrypted connection from there: the setting POSTHOUSE_PLAINTEXT_AUTH. */
export const plaintextAllowed = (setting: 'loopback' | 'always' | 'never', remoteAddress: string): boolean =>
  setting === 'always' || (setting === 'loopback' && isLoopback(remoteAddress));
