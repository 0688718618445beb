import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddresses, type Address } from './index.ts';

/** `name <mailbox|host>` or `name <route:mailbox|host>`, `name{` and `}` for groups, so that a table fits the page. */
function show({ name, route, mailbox, host }: Address): string {
  if (mailbox === null) return '}';
  if (host === null) return `${mailbox}{`;
  return `${name === null ? '' : `${name} `}<${route === undefined ? '' : `${route}:`}${mailbox}|${host}>`;
}

const read = (text: string, limit = 1000): string[] => parseAddresses(text, limit).map(show);

describe('address lists', () => {
  test.for<[string, string, string[]]>([
    ['nothing', '', []],
    ['an addr-spec', 'alice@example.org', ['<alice|example.org>']],
    ['a name', 'Alice Example <alice@example.org>', ['Alice Example <alice|example.org>']],
    ['a quoted name', '"Example, Alice" <alice@example.org>', ['Example, Alice <alice|example.org>']],
    ['quoted pairs', String.raw`"Al\"ice\\" <alice@example.org>`, ['Al"ice\\ <alice|example.org>']],
    ['an initial with a dot', 'John Q. Public <jqp@example.org>', ['John Q. Public <jqp|example.org>']],
    ['a list', 'a@b, c@d,e@f', ['<a|b>', '<c|d>', '<e|f>']],
    ['empty places in a list', ', ,a@b,,', ['<a|b>']],
    ['an encoded name stays', '=?utf-8?q?J=C3=BCrgen?= <j@example.org>', ['=?utf-8?q?J=C3=BCrgen?= <j|example.org>']],
    [
      'octets of UTF-8 stay',
      'J\xc3\xbcrgen <j\xc3\xbc@ex\xc3\xa4mple.org>',
      ['J\xc3\xbcrgen <j\xc3\xbc|ex\xc3\xa4mple.org>'],
    ],
    ['a quoted local part', '"john doe"@example.org', ['<john doe|example.org>']],
    ['a domain literal', 'root@[192.0.2.1]', ['<root|[192.0.2.1]>']],
    ['a domain literal without its end', 'root@[192.0.2.1, a@b', ['<root|[192.0.2.1>', '<a|b>']],
    [
      'the old form with a comment',
      'alice@example.org (Alice (the) Example)',
      ['Alice (the) Example <alice|example.org>'],
    ],
    ['a name that is an address', 'shop@front.test <noreply@back.test>', ['shop@front.test <noreply|back.test>']],
    ['a name that has one', 'Shop shop@front.test <noreply@back.test>', ['Shop shop@front.test <noreply|back.test>']],
    ['a name with an @ alone', '@ <noreply@back.test>', ['@ <noreply|back.test>']],
    ['a quoted one', '"shop@front.test" <noreply@back.test>', ['shop@front.test <noreply|back.test>']],
    ['comments everywhere', '(x) Alice (y) <(z) alice (w) @ (v) example.org (u)> (t)', ['Alice <alice|example.org>']],
    ['a comment without its end', 'a@b (open \\', ['open \\ <a|b>']],
    [
      'a source route',
      '<@relay.example,@other.example:alice@example.org>',
      ['<@relay.example,@other.example:alice|example.org>'],
    ],
    [
      'a name and a source route',
      'A <@relay.example:alice@example.org>, b@c',
      ['A <@relay.example:alice|example.org>', '<b|c>'],
    ],
    [
      'a source route with spaces, comments, literals and empty places',
      '< @relay . example ,, (x) @[192.0.2.1] : alice@example.org>',
      ['<@relay.example,@[192.0.2.1]:alice|example.org>'],
    ],
    ['a source route that leads nowhere', '<@a,@b:>, <@a:@b>, <@a,@b>, c@d', ['<|>', '<|b>', '<|b>', '<c|d>']],
    ['spaces around dots', 'a@example . org', ['<a|example.org>']],
    ['a group', 'Team: a@b, C <c@d>;', ['Team{', '<a|b>', 'C <c|d>', '}']],
    ['an empty group', 'undisclosed-recipients:;', ['undisclosed-recipients{', '}']],
    ['a group without its end', 'Team: a@b', ['Team{', '<a|b>', '}']],
    ['groups do not nest', 'A: B: c@d; e@f;', ['A{', 'B <c|d>', '}', '<e|f>']],
    ['semicolons of a groupware', 'a@b; c@d;', ['<a|b>', '<c|d>']],
    ['no domain', 'alice', ['<alice|>']],
    ['a bare name', 'Alice Example', ['Alice <Example|>']],
    ['an empty path', 'Alice <>', ['Alice <|>']],
    ['no local part', '@example.org', ['<|example.org>']],
    ['two at signs', 'a@b@c', ['<a@b|c>']],
    ['no closing bracket', 'A <a@b, c@d', ['A <a|b>', '<c|d>']],
    ['no comma', '<a@b> <c@d>', ['<a|b>', '<c|d>']],
    ['two opening brackets', 'A <<a@b>>', ['A <a|b>']],
    ['text behind', 'A <a@b> and more@all, c@d stuff', ['A <a|b>', '<c|d>']],
    ['a name without brackets', 'Alice alice@example.org', ['Alice <alice|example.org>']],
    ['a quoted string without its end', '"open <a@b>', ['<open <a@b>|>']],
    ['__proto__', '__proto__ <__proto__@constructor>', ['__proto__ <__proto__|constructor>']],
  ])('%s', ([, text, expected]) => {
    expect(read(text)).toEqual(expected);
  });

  test('the limit holds, and an open group is closed within it', () => {
    expect(read('a@b,'.repeat(2000), 3)).toEqual(['<a|b>', '<a|b>', '<a|b>']);
    expect(read(`G: ${'a@b,'.repeat(2000)};`, 4)).toEqual(['G{', '<a|b>', '<a|b>', '}']);
    expect(read('G: a@b;', 1)).toEqual(['G <a|b>']);
    expect(read('a@b', 0)).toEqual([]);
  });

  test.for<[string, string]>([
    ['comments', '('],
    ['quotes', '"a'],
    ['brackets', '<'],
    ['routes', '<@'],
    ['literals', '['],
    ['backslashes', '\\'],
    ['dots with spaces', 'a . '],
    ['groups', 'a:'],
    ['hosts', 'a@'],
  ])('a megabyte of %s', ([, piece]) => {
    const found = parseAddresses(piece.repeat(1_000_000 / piece.length), 1000);
    expect(found.length).toBeLessThanOrEqual(1000);
  });

  test('total: any text gives balanced groups within the limit', () => {
    const noise = fc
      .array(fc.constantFrom(...'<>()[]:;@,."\\ a\t\xff'.split(''), 'bc', ' x '), { maxLength: 60 })
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(noise, fc.nat(6), (text, limit) => {
        const found = parseAddresses(text, limit);
        expect(found.length).toBeLessThanOrEqual(limit);
        let depth = 0;
        for (const { mailbox, host } of found) {
          if (host === null) depth += mailbox === null ? -1 : 1;
          expect(depth === 0 || depth === 1).toBe(true);
        }
        expect(depth).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test('round trip of well-formed mailboxes', () => {
    const atom = fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}$/);
    const name = fc.option(
      fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text.trim() === text && /^[\x20-\x7e]+$/.test(text)),
      { nil: null },
    );
    fc.assert(
      fc.property(fc.array(fc.record({ name, mailbox: atom, host: atom }), { maxLength: 5 }), (list) => {
        const print = (a: Address): string =>
          `${a.name === null ? '' : `"${a.name.replace(/["\\]/g, '\\$&')}" `}<${a.mailbox}@${a.host}>`;
        expect(parseAddresses(list.map(print).join(', '), 100)).toEqual(list);
      }),
    );
  });
});
