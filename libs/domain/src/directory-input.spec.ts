import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { parseForwardPath } from '#smtp';
import { describe, expect, test } from 'vitest';
import { showAddress } from './address.ts';
import {
  checkAddress,
  checkAliasName,
  checkDomainName,
  checkForwardPath,
  checkQuota,
  checkReachable,
  checkSeparators,
  checkTenantName,
  showRowName,
} from './directory-input.ts';
import { DirectoryRefusal, quoted } from './directory-refusal.ts';

/** The message of the refusal; '' when there was none. */
function refusal(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    if (!(error instanceof DirectoryRefusal)) throw error;
    return `${error.code} ${error.field}: ${error.message}`;
  }
}

test.each([
  ['Bob@EXAMPLE.org', 'bob@example.org'],
  ['bob@BÜCHER.Example', 'bob@xn--bcher-kva.example'],
  ['__proto__@example.org', '__proto__@example.org'],
  ['o\u2019hara@example.org', 'o\u2019hara@example.org'],
])('address %s', (text, expected) => {
  const { local, domain } = checkAddress(text, domainToASCII);
  expect(`${local}@${domain}`).toBe(expected);
});

test.each([
  ['bob@example.org\r\n', 'bad-input address: the address holds a control character (CR)'],
  ['bob\n@example.org', 'bad-input address: the address holds a control character (LF)'],
  ['bob\0@example.org', 'bad-input address: the address holds a control character (NUL)'],
  [`${'a'.repeat(988)}@example.org`, 'bad-input address: the address has 1000 octets; at most 254 are allowed'],
  [
    `${'a'.repeat(65)}@example.org`,
    `bad-input address: "${'a'.repeat(60)}..." is no address: its local part is empty or longer than 64 octets`,
  ],
  ['bob', 'bad-input address: "bob" is no address: expected local-part@domain'],
  ['@example.org', 'bad-input address: "@example.org" is no address: its local part is empty or longer than 64 octets'],
  ['bob@localhost', 'bad-input address: "localhost" has one label only: give the full name, such as example.org'],
  ['bob@192.0.2.1', 'bad-input address: "192.0.2.1" is an IP address or ends in digits, not a domain name'],
  ['bob@a..b', 'bad-input address: "a..b" is no domain name'],
  [
    'a b@example.org',
    'bad-input address: "a b@example.org" is no address: its local part holds a space or a special character',
  ],
  [
    '.a@example.org',
    'bad-input address: ".a@example.org" is no address: its local part holds a space or a special character',
  ],
  [
    'a@b@example.org',
    'bad-input address: "a@b@example.org" is no address: its local part holds a space or a special character',
  ],
])('no address: %j', (text, expected) => {
  expect(refusal(() => checkAddress(text, domainToASCII))).toBe(expected);
});

test.each(['sales%eu@example.org', 'a!b@example.org', '%@example.org', 'a!-default@example.org'])(
  '%j is not given out: port 25 takes it for a route',
  (text) => {
    const message = `"${text}" would get no mail: port 25 refuses every address with % or ! before the @ as a route`;
    const address = refusal(() => checkReachable(text, checkAddress(text, domainToASCII)));
    const alias = refusal(() => checkReachable(text, checkAliasName(text, domainToASCII), 'alias'));
    expect([address, alias]).toEqual([`bad-input address: ${message}`, `bad-input alias: ${message}`]);
    // Elsewhere such a local part may mean something.
    expect(checkForwardPath(text, domainToASCII).path).toBe(text);
  },
);

describe('an address that is given out is one that port 25 takes', () => {
  const why = (text: string): string => refusal(() => checkReachable(text, checkAddress(text, domainToASCII)));
  const port25 = (text: string): string => parseForwardPath(text, { utf8: true, toAscii: domainToASCII }).kind;

  test.each<[string, string]>([
    ['bob\u200b@example.org', 'every address with an invisible or misleading character (U+200B)'],
    ['\u202ebob@example.org', 'every address with an invisible or misleading character (U+202E)'],
    ['bob\u2028-default@example.org', 'every address with an invisible or misleading character (U+2028)'],
    ['b\ufffdb@example.org', 'every address with an invisible or misleading character (U+FFFD)'],
    [`${'İ'.repeat(32)}@example.org`, 'a local part of more than 64 octets, and in lower case it has 96'],
    [`bobbobbob@${'ü.'.repeat(30)}example`, 'more than 254 octets, and with its domain as A-label it has 257'],
  ])('%j is not', (text, reason) => {
    const message = `${quoted(text)} would get no mail: port 25 refuses ${reason}`;
    expect(why(text)).toBe(`bad-input address: ${message}`);
    expect(refusal(() => checkReachable(text, checkAliasName(text, domainToASCII), 'alias'))).toBe(
      `bad-input alias: ${message}`,
    );
  });

  test('nor is it a target', () => {
    expect(refusal(() => checkForwardPath('bob\u2060@far.example', domainToASCII))).toBe(
      String.raw`bad-input target: "bob\u2060@far.example" holds an invisible or misleading character (U+2060): type it anew`,
    );
  });

  test('character by character the two agree', () => {
    const differ: number[] = [];
    for (let point = 0x20; point <= 0xffff; point++) {
      const text = `a${String.fromCodePoint(point)}b@example.org`;
      if ((why(text) === '') !== (port25(text) === 'mailbox')) differ.push(point);
    }
    // Two spaces and a semicolon in disguise: the directory gives out less than port 25 would take.
    expect(differ).toEqual([0xa0, 0x37e, 0x3000]);
  });

  test('whatever is given out, in the form that is shown', () => {
    const typed = fc.string({ unit: fc.oneof(fc.constantFrom('a', '.', '"', '-', 'İ', '%', '\u200b'), fc.string({ unit: 'binary', maxLength: 1 })), maxLength: 70 }); // prettier-ignore
    fc.assert(
      fc.property(typed, (local) => {
        const text = `${local}@bücher.example`;
        if (why(text) !== '') return;
        const shown = showAddress(checkAddress(text, domainToASCII));
        expect([shown, port25(shown), port25(text)]).toEqual([shown, 'mailbox', 'mailbox']);
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each([
  ['Sales@example.org', 'alias', 'sales', 'sales@example.org'],
  ['foo-default@example.org', 'prefix', 'foo', 'foo-default@example.org'],
  ['*@example.org', 'catch-all', '', '*@example.org'],
  ['@Example.org', 'catch-all', '', '*@example.org'],
  ['default@example.org', 'alias', 'default', 'default@example.org'],
])('alias %s is a %s', (text, kind, local, shown) => {
  const name = checkAliasName(text, domainToASCII);
  expect(name).toEqual({ kind, local, domain: 'example.org' });
  expect(showRowName(name)).toBe(shown);
});

test('-default alone is pointed to the catch-all', () => {
  expect(refusal(() => checkAliasName('-default@example.org', domainToASCII))).toContain(
    'use *@example.org for a catch-all',
  );
});

test.each([
  ['Acme', 'acme'],
  ['a-1', 'a-1'],
])('tenant %s', (text, name) => {
  expect(checkTenantName(text)).toBe(name);
});

test.each([[''], ['-a'], ['a-'], ['a b'], ['__proto__'], ['a'.repeat(64)], ['a\r\nb']])('no tenant: %j', (text) => {
  expect(refusal(() => checkTenantName(text))).toMatch(/^bad-input tenant: /);
});

test.each([
  ['-+', '+-'],
  ['++', '+'],
  ['', ''],
])('separators %j', (text, expected) => {
  expect(checkSeparators(text)).toBe(expected);
});

test('a separator nobody may choose', () => {
  expect(refusal(() => checkSeparators('+.'))).toBe('bad-input separators: "." is no separator: choose from +-=');
});

test('a target keeps the case of its local part', () => {
  expect(checkForwardPath('John.Doe@BÜCHER.example', domainToASCII).path).toBe('John.Doe@xn--bcher-kva.example');
});

test.each([[-1], [0.5], [NaN], [Infinity], [2 ** 53]])('no quota: %d', (value) => {
  expect(refusal(() => checkQuota('quota', value))).toMatch(/^bad-input quota: the quota is out of range/);
});

// Few characters, each of which has a meaning somewhere: reaches more branches than any Unicode, and in less time.
const hostile = fc.string({
  unit: fc.constantFrom(...Array.from('a@.-+*%/"\\ \r\n\0\u0085éßİ😀'), '\ud800', 'default'),
  maxLength: 100,
});

test('total: any text gives a value or a refusal that is one printable line', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      for (const check of [checkAddress, checkAliasName, checkDomainName, checkForwardPath]) {
        // eslint-disable-next-line no-control-regex
        expect(refusal(() => check(text, domainToASCII))).not.toMatch(/[\u0000-\u001f\u007f]/);
      }
    }),
  );
});

test('what was accepted once is accepted again unchanged', () => {
  fc.assert(
    fc.property(fc.emailAddress(), (text) => {
      if (refusal(() => checkAddress(text, domainToASCII)) !== '') return;
      const address = checkAddress(text, domainToASCII);
      expect(checkAddress(`${address.local}@${address.domain}`, domainToASCII)).toEqual(address);
    }),
  );
});
