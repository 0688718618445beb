import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayOf, MAX_DATE_FIELD, sentDay } from './date-field.ts';
import { decodeEncodedWords } from './encoded-words.ts';
import { FLAG_BIT } from './flags.ts';
import { addressesOf, scan } from './scan.spec-helper.ts';
import { MAX_SEARCH_TEXT, MAX_SEARCH_WORDS } from './limits.ts';
import { compileSearch } from './search-evaluator.ts';
import type { SearchFacts } from './search-facts.ts';
import type { SearchKey } from './search-key.ts';
import { cheapestFirst, searchNeeds, type SearchNeeds } from './search-needs.ts';
import { STAR } from './sequence-set.ts';
import { allSteps } from './steps.spec-helper.ts';
import { STEP_OCTETS } from './steps.ts';

const octets = (text: string): Buffer => Buffer.from(text);
const header = (field: string, value: string): SearchKey => ({ key: 'header', field, value: octets(value) });
const body = (value: string): SearchKey => ({ key: 'body', value: octets(value) });
const text = (value: string): SearchKey => ({ key: 'text', value: octets(value) });
const seen: SearchKey = { key: 'flag', flag: FLAG_BIT.seen, set: true };
const not = (of: SearchKey): SearchKey => ({ key: 'not', of });
const LAST = { seq: 10, uid: 100 };

const message = octets(
  [
    'Return-Path: <bounce@list.example>',
    'From: =?iso-8859-1?q?J=FCrgen?= <j@example.org>',
    'Subject: =?utf-8?B?w4RwZmVs?=',
    ' =?utf-8?q?_und_B?=irnen',
    'Date: Tue, 31 Dec 2024 23:59:59 -1200',
    'X-Empty:',
    'X-Raw: stra\u{df}e',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=iso-8859-15',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'The price: 5 =A4 for soft=',
    'ware',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('<p>Hidden GR\u{dc}SSE</p>').toString('base64'),
    '--b',
    'Content-Type: application/pdf',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('secret attachment').toString('base64'),
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: =?utf-8?q?inner_t=C3=B6pic?=',
    '',
    'inner text',
    '--b--',
    '',
  ].join('\r\n'),
);
const index = scan(message);
const facts: SearchFacts = {
  seq: 3,
  uid: 30,
  meta: { bits: FLAG_BIT.seen | FLAG_BIT.recent, keywords: ['$Forwarded'], internalDay: 20_000, octets: 500 },
  header: message.subarray(0, index.headerOctets),
  body: message.subarray(index.headerOctets),
  root: index.root,
};
const stepsOf = (key: SearchKey, of: SearchFacts) => allSteps(compileSearch(key, LAST, addressesOf)(of));
const ask = (key: SearchKey, of: SearchFacts = facts): boolean | undefined => stepsOf(key, of).result;

describe('keys', () => {
  test.for<[SearchKey, boolean]>([
    [{ key: 'all' }, true],
    [seen, true],
    [{ key: 'flag', flag: FLAG_BIT.deleted, set: true }, false],
    [{ key: 'flag', flag: FLAG_BIT.deleted, set: false }, true],
    [{ key: 'keyword', keyword: '$forwarded', set: true }, true],
    [{ key: 'keyword', keyword: '__proto__', set: true }, false],
    [{ key: 'keyword', keyword: '$Junk', set: false }, true],
    [{ key: 'recent' }, true],
    [{ key: 'old' }, false],
    [{ key: 'new' }, false],
    [{ key: 'larger', octets: 499 }, true],
    [{ key: 'larger', octets: 500 }, false],
    [{ key: 'smaller', octets: 501 }, true],
    [{ key: 'smaller', octets: 500 }, false],
    [{ key: 'before', day: 20_000 }, false],
    [{ key: 'before', day: 20_001 }, true],
    [{ key: 'on', day: 20_000 }, true],
    [{ key: 'since', day: 20_000 }, true],
    [{ key: 'since', day: 20_001 }, false],
    [{ key: 'senton', day: Date.UTC(2024, 11, 31) / 86_400_000 }, true],
    [{ key: 'sentbefore', day: Date.UTC(2025, 0, 1) / 86_400_000 }, true],
    [{ key: 'sentsince', day: Date.UTC(2025, 0, 1) / 86_400_000 }, false],
    [{ key: 'sequence', set: [{ first: 1, last: 3 }] }, true],
    [{ key: 'sequence', set: [{ first: 4, last: STAR }] }, false],
    [{ key: 'uid', set: [{ first: 30, last: 30 }] }, true],
    [{ key: 'uid', set: [{ first: STAR, last: 999 }] }, false],
    [not(seen), false],
    [{ key: 'or', keys: [not(seen), { key: 'all' }] }, true],
    [{ key: 'and', keys: [seen, not({ key: 'all' })] }, false],
    [{ key: 'and', keys: [] }, true],
    [header('From', 'J\u{dc}RGEN'), true],
    [header('from', 'J@EXAMPLE'), true],
    [header('Subject', '\u{e4}pfel und'), true],
    [header('Subject', 'und birnen'), true],
    [header('Subject', 'B=?'), false],
    [header('X-Raw', 'STRA\u{df}E'), true],
    [header('X-Empty', ''), true],
    [header('X-Absent', ''), false],
    [header('__proto__', ''), false],
    [body('5 \u{20ac} for SOFTWARE'), true],
    [body('hidden gr\u{fc}sse'), true],
    [body('secret attachment'), false],
    [body('Inner Text'), true],
    [body('inner t\u{f6}pic'), true],
    [body('list.example'), false],
    [body(''), true],
    [text('bounce@LIST'), true],
    [text('hidden'), true],
    [text('nowhere'), false],
  ])('%j: %j', ([key, expected]) => expect(ask(key)).toBe(expected));

  test('without the parts the body is searched as it stands', () => {
    const { seq, uid, body: raw } = facts;
    expect(ask(body('soft='), { seq, uid, body: raw! })).toBe(true);
    expect(ask(body('hidden'), { seq, uid, body: raw! })).toBe(false);
  });

  test('a header of 100,000 lines', () => {
    const many = octets(`${'X-Many: yes\r\n'.repeat(80_000)}X-Last: here\r\nX-LAST: there\r\n\r\n`);
    const others = Array.from({ length: 60 }, (_, at) => not(header(`X-Other-${at}`, '')));
    const asked = (key: SearchKey): unknown =>
      ask({ key: 'and', keys: [...others, key] }, { seq: 1, uid: 1, header: many });
    expect(asked(header('x-last', 'THERE'))).toBe(true);
    expect(asked(header('x-last', 'nowhere'))).toBe(false);
    expect(asked(header('x-last', 'here\nthere'))).toBe(false);
    expect(asked(header('x-many', 'yes'))).toBe(true);
  });
});

describe('others have their turn', () => {
  const long = 1024 * 1024;
  const near = `${'a'.repeat(100)}b${'a'.repeat(100)}`;
  const folded = `Subject: x\r\n${` ${'a'.repeat(76)}\r\n`.repeat(14_000)}\r\n`;
  const words = `Subject: ${'=?utf-8?q?=C3=A4?=\r\n '.repeat(50_000)}\r\n\r\n`;
  const lines = `${'X-\u{e4}: =?utf-8?q?=C3=A4?=\r\n'.repeat(40_000)}\r\n`;
  const part = (encoding: string, body: string): string =>
    `Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
  test.for<[string, SearchKey, string, number]>([
    ['in a long field', header('subject', near), folded, long / STEP_OCTETS],
    [
      'between keys',
      { key: 'and', keys: Array.from({ length: 60 }, () => not(header('subject', near))) },
      folded,
      1_800,
    ],
    ['in a field of encoded words', header('subject', 'zzz'), words, 150],
    ['in a header of encoded words', text('zzz'), lines, 100],
    ['in a plain header', text('zzz'), folded, long / STEP_OCTETS],
    ['in a plain body', body('zzz'), `\r\n${'a'.repeat(2 * long)}`, (4 * long) / STEP_OCTETS],
    ['in quoted-printable', body('zzz'), part('quoted-printable', '=41=\r\n'.repeat(200_000)), long / STEP_OCTETS],
    ['in base64', body('zzz'), part('base64', `${'QUJD'.repeat(19)}\r\n`.repeat(30_000)), (2 * long) / STEP_OCTETS],
  ])('%s', ([, key, whole, least]) => {
    const message = octets(whole);
    const { root, headerOctets } = scan(message);
    const of = {
      seq: 1,
      uid: 1,
      header: message.subarray(0, headerOctets),
      body: message.subarray(headerOctets),
      root,
    };
    expect(stepsOf(key, of).turns).toBeGreaterThanOrEqual(least);
  });

  test('a text is looked for only where the other keys leave it open', () => {
    const large = { ...facts, body: octets('a'.repeat(MAX_SEARCH_TEXT)) };
    const many = Array.from({ length: 60 }, () => body('zzz'));
    const once = stepsOf(body('zzz'), large).turns;
    expect(stepsOf({ key: 'and', keys: [...many, not(seen)] }, large).turns).toBe(0);
    expect(stepsOf({ key: 'and', keys: many }, large).turns).toBe(once);
  });

  test('what steps cut apart is found all the same', () => {
    const at = (before: number, key: SearchKey, encoding: string, spelled: string): boolean | undefined => {
      const message = octets(part(encoding, ' '.repeat(before) + spelled));
      const { root, headerOctets } = scan(message);
      return ask(key, { seq: 1, uid: 1, body: message.subarray(headerOctets), root });
    };
    for (let before = STEP_OCTETS - 8; before <= STEP_OCTETS; before++) {
      expect(at(before, body('a=b'), 'quoted-printable', '=41=3D=\r\n=62')).toBe(true);
      expect(at(before, body('\u{3042}'), '8bit', '\x1b$B$"\x1b(B')).toBe(true);
    }
  });
});

describe('facts that are not loaded', () => {
  const bare: SearchFacts = { seq: 3, uid: 30 };
  const meta: SearchFacts = { ...bare, meta: facts.meta! };

  test.for<[string, SearchKey, SearchFacts, boolean | undefined]>([
    ['undecided', seen, bare, undefined],
    ['undecided stays so when negated', not(seen), bare, undefined],
    ['a false part decides an and', { key: 'and', keys: [body('x'), not(seen)] }, meta, false],
    ['a true part does not', { key: 'and', keys: [body('x'), seen] }, meta, undefined],
    ['a true part decides an or', { key: 'or', keys: [body('x'), seen] }, meta, true],
    ['a false part does not', { key: 'or', keys: [body('x'), not(seen)] }, meta, undefined],
    ['the header alone can decide TEXT', text('j@example'), { ...meta, header: facts.header! }, true],
    ['or leave it open', text('hidden'), { ...meta, header: facts.header! }, undefined],
    ['no Date field', { key: 'senton', day: 1 }, { ...bare, header: octets('A: b\r\n\r\n') }, false],
  ])('%s', ([, key, of, expected]) => expect(ask(key, of)).toBe(expected));

  const leaf = fc.constantFrom<SearchKey>(
    seen,
    header('Subject', 'x'),
    header('From', 'j@'),
    body('hidden'),
    text('zzz'),
    { key: 'all' },
    { key: 'recent' },
  );
  const tree = fc.letrec<{ key: SearchKey }>((tie) => ({
    key: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.record({ key: fc.constant('not' as const), of: tie('key') }),
      fc.record({ key: fc.constantFrom('and' as const, 'or' as const), keys: fc.array(tie('key'), { maxLength: 4 }) }),
    ),
  })).key;

  test('an early answer is never another than the late one, and what is said to be needed is enough', () => {
    const loaded: Record<SearchNeeds, SearchFacts> = {
      none: bare,
      meta,
      headers: { ...meta, header: facts.header! },
      bodies: facts,
    };
    fc.assert(
      fc.property(tree, (key) => {
        const final = ask(key);
        expect(final).toBeTypeOf('boolean');
        expect(ask(key, loaded[searchNeeds(key)])).toBe(final);
        for (const some of Object.values(loaded)) expect([undefined, final]).toContain(ask(key, some));
      }),
    );
  });
});

test('cheap keys come first', () => {
  const all: SearchKey = { key: 'all' };
  expect(cheapestFirst([body('x'), header('A', 'b'), seen, all])).toEqual([all, seen, header('A', 'b'), body('x')]);
  expect([all, seen, header('A', 'b'), not(body('x'))].map(searchNeeds)).toEqual(['none', 'meta', 'headers', 'bodies']);
});

const decoded = (field: string): string => allSteps(decodeEncodedWords(field, { words: MAX_SEARCH_WORDS })).result;

test.for<[string, string]>([
  ['plain', 'plain'],
  ['=?utf-8?q?a_b=3F?=', 'a b?'],
  ['=?UTF-8*en?Q?x?= y', 'x y'],
  ['=?utf-8?q?a?= =?utf-8?b?w4Q=?=', 'a\u{c4}'],
  ['=?utf-8?b?w4==?=\t=?utf-8?q?=84?=', '\u{c4}'],
  ['=?iso-8859-15?q?=A4?= =?windows-1252?q?=80?= =?us-ascii?q?a?=', '\u{20ac}\u{20ac}a'],
  ['=?unknown?q?a?=', '=?unknown?q?a?='],
  ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
  ['=?utf-8?q?open', '=?utf-8?q?open'],
  ['=?=?=?utf-8?q?a?=', '=?=?a'],
  ['=?__proto__?q?a?=', '=?__proto__?q?a?='],
  ['\xe4 \xc3\xa4', '\u{e4} \u{c3}\u{a4}'],
  ['\xc3\xa4', '\u{e4}'],
])('encoded words %j', ([field, expected]) => expect(decoded(field)).toBe(expected));

test('decoding is total and linear', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('=?', '?=', '?', 'q', 'b', 'utf-8', 'a', ' ', '=4', '\xff')), (tokens) => {
      expect(decoded(tokens.join(''))).toBeTypeOf('string');
    }),
  );
  expect(decoded('=?'.repeat(100_000))).toHaveLength(200_000);
});

test.for<[string, string | undefined]>([
  ['Mon, 2 Jan 2006 15:04:05 -0700', '2006-01-02'],
  ['2 Jan 2006', '2006-01-02'],
  ['Tue, 31 December 2024 23:59 +1400 (comment)', '2024-12-31'],
  ['02-Jan-99 00:00', '1999-01-02'],
  ['1 feb 49', '2049-02-01'],
  ['1 Feb 101', '2001-02-01'],
  ['29 Feb 2000', '2000-02-29'],
  ['2024-05-06T07:08:09Z', '2024-05-06'],
  ['29 Feb 2001', undefined],
  ['32 Jan 2001', undefined],
  ['1 Foo 2001', undefined],
  ['', undefined],
  ['yesterday', undefined],
  [`${' '.repeat(MAX_DATE_FIELD)}1 Jan 2001`, undefined],
  ['Tue, 24\r\n Jul 2007 23:32:00 -0330', '2007-07-24'],
  ['24 (the day) Jul 2007', '2007-07-24'],
  ['Tue,\r\n\t24 Jul (a (nested) one) \r\n (and \\) more) 2007 23:32:00', '2007-07-24'],
  ['(1 Jan 2001) 24 Jul 2007', '2007-07-24'],
  ['Tue,24 Jul 2007', '2007-07-24'],
  ['Tue Jul 24 23:32:00 2007', '2007-07-24'],
  ['Tue, Jul 24, 2007', '2007-07-24'],
  ['Tue Jul 24 23:32:00 CEST 2007', '2007-07-24'],
  ['(24 Jul 2007', undefined],
  ['24 Jul', undefined],
])('the day of %j', ([field, expected]) => {
  expect(sentDay(field)).toBe(expected === undefined ? undefined : dayOf(new Date(expected)));
});

test.for<[string, string, boolean]>([
  ['Gr\u{fc}\u{df}e', 'gru\u{308}\u{df}e', true],
  ['Gru\u{308}\u{df}e', 'GR\u{dc}\u{df}E', true],
  ['caf\u{e9}', 'CAFE\u{301}', true],
  ['\u{212b}ngstr\u{f6}m', '\u{e5}ngstro\u{308}m', true],
  ['\u{ff26}\u{ff35}\u{ff2c}\u{ff2c}', 'full', true],
  ['\u{3a3}\u{3a4}\u{39f}\u{3a3}', '\u{3c3}\u{3c4}\u{3bf}\u{3c2}', true],
  ['\u{d55c}\u{ae00}', '\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}', true],
  ['\u{e9}', '\u{e8}', false],
])('letters with marks: %s by %s', ([written, wanted, expected]) => {
  const message = { ...facts, header: octets(`Subject: ${written}\r\nFrom: ${written} <a@b.c>\r\n\r\n`) };
  expect(ask(header('Subject', wanted), message)).toBe(expected);
  expect(ask({ key: 'address', field: 'From', value: octets(wanted) }, message)).toBe(expected);
  expect(ask(text(wanted), message)).toBe(expected);
});

test('a thousand levels of NOT and OR are evaluated', () => {
  let key: SearchKey = seen;
  for (let level = 0; level < 500; level++) key = not({ key: 'or', keys: [not(seen), key] });
  expect(ask(key)).toBe(true);
});
