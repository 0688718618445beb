import type { Account, MailboxId, TenantId } from '#domain';
import { expect, test } from 'vitest';
import { CredentialCache } from './credential-cache.ts';
import { homeNetwork, isLoopback, plaintextAllowed, remoteNetwork } from './remote-network.ts';
import { Tries } from './tries.ts';

const account = (mailbox: string): Account => ({ tenantId: 't' as TenantId, mailboxId: mailbox as MailboxId });

test('the cache keeps the accounts used last, one entry each', () => {
  const cache = new CredentialCache(() => 0, 3);
  const mac = cache.mac('hash', Buffer.from('password'));
  for (const name of ['a', 'b', 'c']) cache.add(account(name), mac);
  expect(cache.has(account('a'), mac)).toBe(true);
  cache.add(account('d'), mac);
  expect(cache.size).toBe(3);
  expect(['a', 'b', 'c', 'd'].map((name) => cache.has(account(name), mac))).toEqual([true, false, true, true]);
  expect(cache.has(account('a'), cache.mac('hash', Buffer.from('Password')))).toBe(false);
  expect(cache.has(account('a'), cache.mac('hash2', Buffer.from('password')))).toBe(false);
});

test('two processes share no key', () => {
  const macs = [0, 1].map(() => new CredentialCache(() => 0).mac('hash', Buffer.from('password')).toString('hex'));
  expect(macs[0]).not.toBe(macs[1]);
});

test('tries: all keys or none; what depends on others waits for them; over when the window is', async () => {
  let now = 0;
  const tries = new Tries(() => now);
  const both = new Map([['account', 2], ['remote', 3]]); // prettier-ignore
  const remote = new Map([['remote', 3]]);
  expect([tries.take(both), tries.take(both)]).toEqual(['taken', 'taken']);
  const blocked = tries.take(both);
  expect(blocked).toBeInstanceOf(Promise);
  expect(tries.take(remote)).toBe('taken');
  tries.end(both.keys(), 'not counted');
  await blocked;
  expect(tries.take(both)).toBe('taken');
  tries.end(both.keys(), 'failed');
  tries.end(both.keys(), 'failed');
  expect(tries.take(both)).toBe('used-up');
  expect(tries.take(remote)).toBeInstanceOf(Promise);
  tries.end(remote.keys(), 'not counted');
  expect(tries.take(remote)).toBe('taken');
  tries.end(['unknown'], 'not counted');
  now = 60_000;
  expect(tries.take(both)).toBe('taken');
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:c000:0207', '192.0.2.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0db8:0000:0000:ffff::9', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', 'unknown'],
  ['__proto__', 'unknown'],
])('the network of %s is %s', (address, network) => {
  expect(remoteNetwork(address)).toBe(network);
});

test.each([
  ['192.0.2.7', '192.0.2.0/24'],
  ['::ffff:192.0.2.255', '192.0.2.0/24'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['127.0.0.1', '127.0.0.0/24'],
  ['::1', '0:0:0:0::/64'],
  ['nonsense', 'unknown'],
])('%s is met again in %s', (address, network) => {
  expect(homeNetwork(address)).toBe(network);
});

test.each([
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['192.0.2.1', false],
  ['2001:db8::1', false],
  ['localhost', false],
])('%s is loopback: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
  expect(plaintextAllowed('loopback', address)).toBe(expected);
  expect(plaintextAllowed('always', address)).toBe(true);
  expect(plaintextAllowed('never', address)).toBe(false);
});
