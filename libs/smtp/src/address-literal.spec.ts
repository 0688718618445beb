import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAddressLiteral } from './address-literal.ts';

test.for([
  '[192.0.2.1]',
  '[0.0.0.0]',
  '[255.255.255.255]',
  '[IPv6:2001:db8:0:0:0:0:0:1]',
  '[IPv6:2001:DB8::1]',
  '[ipv6:::1]',
  '[IPv6:::]',
  '[IPv6:1:2:3:4:5:6::]',
  '[IPv6:::ffff:192.0.2.1]',
  '[IPv6:1:2:3:4:5:6:192.0.2.1]',
])('%s', (text) => {
  expect(isAddressLiteral(text)).toBe(true);
});

test.for([
  '',
  '[',
  ']',
  '[]',
  '192.0.2.1',
  '[192.0.2]',
  '[192.0.2.1.5]',
  '[192.0.2.256]',
  '[192.0.2.1000]',
  '[192.0.2.-1]',
  '[192.0.2.1 ]',
  '[192.0.2.1',
  '[192.0.2.1]]',
  '[::1]',
  '[IPv6:]',
  '[IPv6:192.0.2.1]',
  '[IPv6:1:2:3:4:5:6:7]',
  '[IPv6:1:2:3:4:5:6:7:8:9]',
  '[IPv6:1:2:3:4:5:6:7::]',
  '[IPv6:1::2::3]',
  '[IPv6:1:::2]',
  '[IPv6::1]',
  '[IPv6:12345::]',
  '[IPv6:g::]',
  '[IPv6:192.0.2.1::]',
  '[IPv6:192.0.2.1:1::]',
  '[IPv6:fe80::1%eth0]',
  '[x400:c=de]',
  '[example.org]',
])('%s is none', (text) => {
  expect(isAddressLiteral(text)).toBe(false);
});

test('what it takes is an IP address', () => {
  const text = fc
    .array(fc.constantFrom('1', '255', '256', 'ff', 'g', ':', '::', '.', '1.2.3.4'))
    .map((p) => p.join(''));
  fc.assert(
    fc.property(text, (address) => {
      if (isAddressLiteral(`[IPv6:${address}]`)) expect(isIP(address)).toBe(6);
      if (isAddressLiteral(`[${address}]`)) expect(isIP(address)).toBe(4);
    }),
    { numRuns: 2000 },
  );
});
