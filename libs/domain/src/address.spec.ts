import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalDomain, canonicalLocal, parseAddress, showAddress } from './address.ts';

test.each([
  ['Example.ORG', 'example.org'],
  ['example.org.', 'example.org'],
  ['BÜCHER.Example', 'xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['日本語.jp', 'xn--wgv71a119e.jp'],
  ['_dmarc.example.org', '_dmarc.example.org'],
  ['localhost', 'localhost'],
])('domain %s is %s', (text, expected) => {
  expect(canonicalDomain(text, domainToASCII)).toBe(expected);
});

test.each([
  ['', 'empty'],
  ['.', 'only a dot'],
  ['a..b', 'an empty label'],
  ['-a.example', 'a hyphen first'],
  ['a-.example', 'a hyphen last'],
  [`${'a'.repeat(64)}.example`, 'a label of 64'],
  [`${'a.'.repeat(130)}example`, 'over 253 octets'],
  ['exa mple.org', 'a space'],
  ['example.org\r\nRCPT TO:<x@y>', 'CR LF'],
  ['example\0.org', 'NUL'],
  ['example.org/evil', 'a slash'],
  ['example.org?x', 'a question mark'],
  ['example.org#x', 'a hash'],
  ['example.org\\x', 'a backslash'],
  ['%65xample.org', 'percent-encoding'],
  ['user@example.org', 'an at sign'],
  ['example.org:25', 'a port'],
  ['[192.0.2.1]', 'an address literal'],
  ['exa\ud800mple.org', 'a lone surrogate'],
])('%j is no domain: %s', (text) => {
  expect(canonicalDomain(text, domainToASCII)).toBeUndefined();
});

test.each([
  ['Bob@Example.ORG', { local: 'bob', domain: 'example.org' }],
  ['JOSE\u0301@example.org', { local: 'jos\u00e9', domain: 'example.org' }],
  ['a@b@example.org', { local: 'a@b', domain: 'example.org' }],
  ['__proto__@example.org', { local: '__proto__', domain: 'example.org' }],
  [`${'a'.repeat(64)}@example.org`, { local: 'a'.repeat(64), domain: 'example.org' }],
])('address %s', (text, expected) => {
  expect(parseAddress(text, domainToASCII)).toEqual(expected);
});

test.each([
  ['@example.org'],
  ['bob'],
  ['bob@'],
  ['bob\r@example.org'],
  ['bob\u0085@example.org'],
  [`${'a'.repeat(65)}@example.org`],
  [`${'é'.repeat(33)}@example.org`],
  ['a'.repeat(1000)],
])('%j is no address', (text) => {
  expect(parseAddress(text, domainToASCII)).toBeUndefined();
});

const hostile = fc.string({
  unit: fc.constantFrom(...Array.from('ab@.-_%/"\\ \r\0\u0085éßİ😀'), '\ud800', '\u0301'),
  maxLength: 80,
});

test('total: any text is an address or undefined, and a canonical address is its own canonical form', () => {
  fc.assert(
    fc.property(hostile, hostile, (local, domain) => {
      const address = parseAddress(`${local}@${domain}`, domainToASCII);
      if (address) expect(parseAddress(showAddress(address), domainToASCII)).toEqual(address);
    }),
  );
});

test('canonicalLocal is idempotent', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      (text) => canonicalLocal(canonicalLocal(text)) === canonicalLocal(text),
    ),
  );
});
