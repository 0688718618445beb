import { expect, test } from 'vitest';
import { clientKey, isLoopback, plainAddress } from './client-address.ts';
import { ConnectionCaps } from './connection-caps.ts';
import { listenError } from './listen.ts';

test.for<[string, RegExp]>([
  ['EADDRINUSE', /^POSTHOUSE_POP3_PORT 110 is taken on 192\.0\.2\.1: .*set POSTHOUSE_POP3_PORT to a free port/],
  ['EACCES', /^POSTHOUSE_POP3_PORT 110 is not allowed to this user: .*CAP_NET_BIND_SERVICE/],
  ['EADDRNOTAVAIL', /no address 192\.0\.2\.1; set POSTHOUSE_BIND/],
  ['ENFILE', /^POSTHOUSE_POP3_PORT 110 on 192\.0\.2\.1: listen failed$/],
])('%s in an operator’s words', ([code, words]) => {
  const error = Object.assign(new Error('listen failed'), { code });
  expect(listenError(error, { host: '192.0.2.1', port: 110, setting: 'POSTHOUSE_POP3_PORT' }).message).toMatch(words);
});

test('an address of HTTP’s own names its own setting', () => {
  const error = Object.assign(new Error('listen failed'), { code: 'EADDRNOTAVAIL' });
  const address = {
    host: '192.0.2.1',
    port: 80,
    setting: 'POSTHOUSE_HTTP_PORT',
    bindSetting: 'POSTHOUSE_HTTP_BIND',
  } as const;
  expect(listenError(error, address).message).toMatch(/no address 192\.0\.2\.1; set POSTHOUSE_HTTP_BIND/);
});

test.for<[string, string, string, boolean]>([
  ['192.0.2.7', '192.0.2.7', '192.0.2.7', false],
  ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.7', false],
  ['::ffff:127.0.0.1', '127.0.0.1', '127.0.0.1', true],
  ['127.8.9.1', '127.8.9.1', '127.8.9.1', true],
  ['::1', '::1', '0:0:0:0::/64', true],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', false],
  ['2001:db8::6', '2001:db8::6', '2001:db8:0:0::/64', false],
  ['fe80::1%eth0', 'fe80::1%eth0', 'fe80:0:0:0::/64', false],
])('%s', ([address, plain, key, loopback]) => {
  expect([plainAddress(address), clientKey(address), isLoopback(address)]).toEqual([plain, key, loopback]);
});

test('connections are counted by client and in all, and given back', () => {
  const caps = new ConnectionCaps(4, 2);
  expect(caps.take('192.0.2.1', false)).toBeUndefined();
  expect(caps.take('::ffff:192.0.2.1', false)).toBeUndefined();
  expect(caps.take('192.0.2.1', false)).toBe('too many from one address');
  caps.give('192.0.2.1');
  expect(caps.take('192.0.2.1', false)).toBeUndefined();
  expect(caps.take('127.0.0.1', true)).toBeUndefined();
  expect(caps.take('127.0.0.1', true)).toBeUndefined();
  expect(caps.take('127.0.0.1', true)).toBe('too many');
});
