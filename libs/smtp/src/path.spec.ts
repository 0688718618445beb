import { domainToASCII } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePathCommand } from './path-command.ts';
import { parseForwardPath, parseReversePath, showPath, type PathRules } from './path.ts';
import { showReply } from './reply.ts';

const rules: PathRules = { utf8: false, toAscii: domainToASCII, isOwnLiteral: (text) => text === '[192.0.2.1]' };
const utf8: PathRules = { ...rules, utf8: true };

/** `local|domain`, the kind, or the reply's code and status. */
function shown(path: ReturnType<typeof parseReversePath> | ReturnType<typeof parseForwardPath>): string {
  if (path.kind === 'mailbox') return `${path.local}|${path.domain}`;
  return path.kind === 'refused' ? showReply(path.reply).slice(0, 9) : path.kind;
}

const long = (octets: number): string => 'x'.repeat(octets);

test.for<[string, string, PathRules?]>([
  ['joe@example.org', 'joe|example.org'],
  ['Joe.Doe+tag@EXAMPLE.Org', 'Joe.Doe+tag|example.org'],
  ['"joe doe"@example.org', 'joe doe|example.org'],
  ['"a\\"b\\\\c"@example.org', 'a"b\\c|example.org'],
  ['"joe"@example.org', 'joe|example.org'],
  ['postmaster', 'postmaster'],
  ['PostMaster', 'postmaster'],
  ['postmaster@[192.0.2.1]', 'postmaster'],
  ['Postmaster@example.org', 'Postmaster|example.org'],
  ['joe@[192.0.2.1]', '550 5.7.1'],
  ['joe@[IPv6:2001:db8::1]', '550 5.7.1'],
  ['postmaster@[192.0.2.2]', '550 5.7.1'],
  ['joe@XN--MNCHEN-3YA.de', 'joe|xn--mnchen-3ya.de'],
  ['joe@münchen.de', '553 5.6.7'],
  ['jö@example.org', '553 5.6.7'],
  ['joe@MÜNCHEN.de', 'joe|xn--mnchen-3ya.de', utf8],
  ['jö@example.org', 'jö|example.org', utf8],
  ['"jö ö"@example.org', 'jö ö|example.org', utf8],
  ['', '501 5.1.3'],
  ['joe', '501 5.1.3'],
  ['joe@', '501 5.1.3'],
  ['joe@example..org', '501 5.1.3'],
  ['joe@example.org.', '501 5.1.3'],
  ['joe@-example.org', '501 5.1.3'],
  ['joe@exa mple.org', '501 5.1.3'],
  ['.joe@example.org', '501 5.1.3'],
  ['jo..e@example.org', '501 5.1.3'],
  ['joe doe@example.org', '501 5.1.3'],
  ['joe(comment)@example.org', '501 5.1.3'],
  ['""@example.org', '501 5.1.3'],
  ['"joe@example.org', '501 5.1.3'],
  ['"joe"x@example.org', '501 5.1.3'],
  ['joe\r\nRCPT TO:<x@y>@example.org', '501 5.1.3'],
  ['joe\0@example.org', '501 5.1.3'],
  ['"joe\u0001"@example.org', '501 5.1.3'],
  ['joe\u0085@example.org', '501 5.1.3', utf8],
  ['joe\u202e@example.org', '501 5.1.3', utf8],
  ['joe\ufffd@example.org', '501 5.1.3', utf8],
  ['joe\ud800@example.org', '501 5.1.3', utf8],
  [`${long(64)}@example.org`, `${long(64)}|example.org`],
  [`${long(65)}@example.org`, '501 5.1.3'],
  [`joe@${long(63)}.org`, `joe|${long(63)}.org`],
  [`joe@${long(64)}.org`, '501 5.1.3'],
  [long(1000), '501 5.1.3'],
  [`${long(500)}@${long(499)}`, '501 5.1.3'],
  ['__proto__@example.org', '__proto__|example.org'],
])('forward-path %j', ([text, expected, given = rules]) => {
  expect(shown(parseForwardPath(text, given))).toBe(expected);
});

/** A source route is passed over, and what is behind it is judged. */
test.for<[string, string]>([
  ['@example.org:joe@other.example', 'joe|other.example'],
  ['@a.example,@example.org:joe@other.example', 'joe|other.example'],
  ['@[192.0.2.1],@[IPv6:2001:db8::1]:"joe doe"@example.org', 'joe doe|example.org'],
  ['@a.example:joe@[192.0.2.1]', '550 5.7.1'],
  ['@a.example:', '501 5.1.3'],
  ['@a.example', '501 5.1.3'],
  ['@:joe@example.org', '501 5.1.3'],
  ['@a.example,:joe@example.org', '501 5.1.3'],
  ['@a.example:@b.example:joe@example.org', '550 5.7.1'],
])('source route %j', ([text, expected]) => expect(shown(parseForwardPath(text, rules))).toBe(expected));

/** The classic relay probes; example.org stands for a domain of ours. */
test.for([
  'joe%other.example@example.org',
  'joe%other.example',
  'joe%other.example@[192.0.2.1]',
  'other.example!joe',
  'other.example!joe@example.org',
  'example.org!other.example!joe',
  'joe@other.example@example.org',
  '"joe@other.example"@example.org',
  '"joe%other.example"@example.org',
  '"other.example!joe"@example.org',
  'joe@other.example%example.org@example.org',
  'joe%other.example%third.example@example.org',
  '@example.org:other.example!joe',
  'joe@other.example@[192.0.2.1]',
  'other.example!joe@[192.0.2.1]',
  'joe@[192.0.2.1]',
  '"joe\\@other.example"@example.org',
])('relay probe %j is refused', (text) => {
  expect(shown(parseForwardPath(text, rules))).toBe('550 5.7.1');
});

test.for<[string, string, PathRules?]>([
  ['', 'null'],
  ['joe@example.org', 'joe|example.org'],
  ['list-return-1-joe%x=example.org@lists.example', 'list-return-1-joe%x=example.org|lists.example'],
  [`${long(100)}@example.org`, `${long(100)}|example.org`],
  ['joe.@example.org', 'joe.|example.org'],
  ['jo..e@example.org', 'jo..e|example.org'],
  ['joe', '501 5.1.7'],
  ['joe@[192.0.2.9]', 'joe|[192.0.2.9]'],
  ['"joe doe"@[IPv6:2001:DB8::1]', 'joe doe|[IPv6:2001:DB8::1]'],
  ['joe@[192.0.2.900]', '501 5.1.7'],
  ['joe@[IPv6:2001:db8::1', '501 5.1.7'],
  ['joe@[2001:db8::1]', '501 5.1.7'],
  ['@a.example:joe@example.org', 'joe|example.org'],
  ['@a.example,b.example:joe@example.org', '501 5.1.7'],
  ['joe\r\n@example.org', '501 5.1.7'],
  [`${long(250)}@example.org`, '501 5.1.7'],
  ['jö@example.org', '553 5.6.7'],
  ['jö@example.org', 'jö|example.org', utf8],
])('reverse-path %j', ([text, expected, given = rules]) => {
  expect(shown(parseReversePath(text, given))).toBe(expected);
});

describe('properties', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom('a', '@', '.', '"', '\\', '[', ']', ' ', '%', 'ö', 'org')).map((p) => p.join('')),
  );

  test('total', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (input, smtputf8) => {
        const given = { ...rules, utf8: smtputf8 };
        expect(['null', 'mailbox', 'refused']).toContain(parseReversePath(input, given).kind);
        expect(['postmaster', 'mailbox', 'refused']).toContain(parseForwardPath(input, given).kind);
      }),
      { numRuns: 1000 },
    );
  });

  test('what is accepted is printed so that it is read again', () => {
    fc.assert(
      fc.property(text, text, (local, domain) => {
        const path = parseReversePath(`"${local}"@${domain || 'example.org'}`, utf8);
        if (path.kind !== 'mailbox') return;
        expect(shown(parseReversePath(showPath(path), utf8))).toBe(shown(path));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('parsePathCommand', () => {
  test.for<[string, string, string[]]>([
    ['RCPT TO:<joe@example.org>', 'joe@example.org', []],
    ['rcpt to: <joe@example.org> notify=NEVER', 'joe@example.org', ['NOTIFY=NEVER']],
    ['RCPT TO:<"a>b c"@example.org> X=1  Y', '"a>b c"@example.org', ['X=1', 'Y=undefined']],
    ['RCPT TO:<"a\\">"@example.org>', '"a\\">"@example.org', []],
    ['RCPT TO:<> ORCPT=rfc822;a=b', '', ['ORCPT=rfc822;a=b']],
  ])('%j', ([line, path, parameters]) => {
    const command = parsePathCommand('RCPT TO', line);
    expect(command.kind === 'path' && [command.path, [...command.parameters].map(([k, v]) => `${k}=${v}`)]).toEqual([
      path,
      parameters,
    ]);
  });

  test.for<[string, string]>([
    ['RCPT TO', '501 5.5.2'],
    ['MAIL FROM:<a@b>', '501 5.5.2'],
    ['RCPT TO:joe@example.org', '501 5.1.3'],
    ['RCPT TO:<joe@example.org', '501 5.1.3'],
    ['RCPT TO:<<joe@example.org>>', '501 5.1.3'],
    ['RCPT TO:<joe doe@example.org>', '501 5.1.3'],
    ['RCPT TO:<joe@example.org>X=1', '501 5.5.2'],
    ['RCPT TO:<joe@example.org> X=', '501 5.5.4'],
    ['RCPT TO:<joe@example.org> =1', '501 5.5.4'],
    ['RCPT TO:<joe@example.org> __proto__=1', '501 5.5.4'],
    ['RCPT TO:<joe@example.org> X=1 x=2', '501 5.5.4'],
    [`RCPT TO:<joe@example.org>${Array.from({ length: 21 }, (_, n) => ` P${n}`).join('')}`, '501 5.5.4'],
  ])('%j is refused', ([line, expected]) => {
    const command = parsePathCommand('RCPT TO', line);
    expect(command.kind === 'refused' && showReply(command.reply).slice(0, 9)).toBe(expected);
  });

  test('total', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (input) => {
        expect(['path', 'refused']).toContain(parsePathCommand('MAIL FROM', `MAIL FROM:<${input}`).kind);
      }),
    );
  });
});
