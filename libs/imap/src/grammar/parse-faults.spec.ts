import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCommand, printCommand, type StringStyle } from '../command-printer.spec-helper.ts';
import { LimitFault, SyntaxFault } from '../syntax-fault.ts';
import { command, parse } from './command-of.spec-helper.ts';
import { parseCommand } from './parse.ts';

describe('syntax errors', () => {
  test.for<[string, string]>([
    ['', 'expected command'],
    ['NOOP ', 'expected end of command at octet 6'],
    ['XYZZY', 'expected command'],
    ['__proto__', 'expected command'],
    ['constructor x', 'expected command'],
    ['UID', 'expected space at octet 5'],
    ['UID NOOP', 'expected command'],
    ['LOGIN a', 'expected space at octet 9'],
    ['LOGIN "a b', 'expected closing quote'],
    ['LOGIN "a\\b" c', 'expected quoted special'],
    ['LOGIN "a\rb" c', 'expected closing quote'],
    ['LOGIN {3+}\r\na\0b c', 'expected octet other than NUL'],
    ['LOGIN {9+}\r\nab c', 'expected literal of 9 octets'],
    ['LOGIN {99999999999}\r\n', 'expected number of 32 bits'],
    ['SELECT \xff', 'expected folder name'],
    ['SELECT a*', 'expected end of command'],
    ['STATUS x MESSAGES', 'expected list of status items'],
    ['STATUS x ()', 'expected status item'],
    ['STATUS x (SIZE)', 'expected status item'],
    ['LIST "" a b', 'expected RETURN'],
    ['LIST (REMOTE) "" a', 'expected selection option'],
    ['LIST "" (', 'expected pattern'],
    ['LIST "" ()', 'expected pattern'],
    ['STORE 1 FLAGS (\\Recent)', 'expected system flag'],
    ['STORE 1 FLAGS \\*', 'expected flag'],
    ['STORE 1 FLAGS (\\Constructor)', 'expected system flag'],
    ['STORE 1 *FLAGS ()', 'expected FLAGS'],
    ['STORE 0 FLAGS ()', 'expected sequence set'],
    ['STORE 1, FLAGS ()', 'expected sequence set'],
    ['STORE 1: FLAGS ()', 'expected sequence set'],
    ['STORE 4294967296 FLAGS ()', 'expected number of 32 bits'],
    ['APPEND x (\\Recent) {1}', 'expected system flag'],
    ['APPEND x "31-Feb-1994 21:52:25 -0800" {1}', 'expected date'],
    ['APPEND x "01-Feb-1994 25:52:25 -0800" {1}', 'expected time of day'],
    ['APPEND x abc', 'expected literal'],
    ['FETCH 1 ()', 'expected fetch item'],
    ['FETCH 1 (FAST)', 'expected fetch item'],
    ['FETCH 1 BODY[MIME]', 'expected part number before MIME'],
    ['FETCH 1 BODY[1.]', 'expected section'],
    ['FETCH 1 BODY[0]', 'expected number from 1'],
    ['FETCH 1 BODY[1]<0.0>', 'expected number from 1'],
    ['FETCH 1 BODY[HEADER.FIELDS ()]', 'expected field name'],
    ['FETCH 1 BODY.PEEK', 'expected fetch item'],
    ['FETCH 1 RFC822.PEEK', 'expected fetch item'],
    ['SEARCH', 'expected space'],
    ['SEARCH ()', 'expected search key'],
    ['SEARCH NOT', 'expected space'],
    ['SEARCH OR SEEN', 'expected space'],
    ['SEARCH SINCE 32-Jan-2000', 'expected date'],
    ['SEARCH SINCE 1-Foo-2000', 'expected month'],
    ['SEARCH SUBJECT "\xff"', 'expected text in UTF-8'],
    ['SEARCH toString', 'expected search key'],
    ['ID', 'expected space'],
    ['ID ("a")', 'expected space'],
    ['ENABLE', 'expected space'],
  ])('%j', ([text, expected]) => {
    expect(command(text)).toContain(expected);
  });

  test('without a tag there is none to answer with', () => {
    for (const text of ['', ' NOOP', '* NOOP', '+ NOOP', '"a" NOOP', `${'t'.repeat(200)} NOOP`])
      expect(parse(text)).toMatchObject({ tag: undefined, fault: { expected: 'tag', offset: 0 } });
  });

  test.for([
    ['999 levels of parentheses', `SEARCH ${'('.repeat(999)}ALL${')'.repeat(999)}`, true],
    ['one more level', `SEARCH ${'('.repeat(1000)}ALL${')'.repeat(1000)}`, false],
    ['999 times NOT', `SEARCH ${'NOT '.repeat(999)}ALL`, true],
    ['499 times OR on the right', `SEARCH ${'OR SEEN '.repeat(499)}SEEN`, true],
    ['499 times OR on the left', `SEARCH ${'OR '.repeat(499)}SEEN${' SEEN'.repeat(499)}`, true],
    ['NOT and OR in turn', `SEARCH ${'NOT OR SEEN '.repeat(333)}SEEN`, true],
    ['1,000 keys that look for text', `SEARCH${' BODY a TEXT b HEADER c d TO e'.repeat(250)}`, true],
    ['30,000 times OR', `SEARCH ${'OR '.repeat(30_000)}ALL`, false],
    ['a search key too many', `SEARCH${' ALL'.repeat(1001)}`, false],
    [
      'LIST patterns of 4,000 octets, with the reference',
      `LIST ${'r'.repeat(50)} (${`${'p'.repeat(150)} `.repeat(19)}${'p'.repeat(150)})`,
      true,
    ],
    ['an octet more', `LIST ${'r'.repeat(50)} (${`${'p'.repeat(150)} `.repeat(19)}${'p'.repeat(151)})`, false],
    ['a fetch item too many', `FETCH 1 (${'UID '.repeat(128)}UID)`, false],
    ['a range too many', `STORE ${'1,'.repeat(16_384)}1 FLAGS ()`, false],
    ['a flag too many', `STORE 1 FLAGS (${'a '.repeat(256)}a)`, false],
    ['a keyword of 100 characters', `STORE 1 FLAGS ${'k'.repeat(100)}`, true],
    ['a keyword of 101 characters', `STORE 1 FLAGS ${'k'.repeat(101)}`, false],
    ['a part number too many', `FETCH 1 BODY[${'1.'.repeat(100)}1]`, false],
    ['a pair too many in ID', `ID (${'"a" "b" '.repeat(30)}"a" "b")`, false],
  ] as const)('%s', ([, text, fine]) => {
    expect(typeof command(text)).toBe(fine ? 'object' : 'string');
    if (!fine) expect(parse(`a ${text}`).fault).toBeInstanceOf(LimitFault);
  });

  test.for([
    'SELECT "\xc3\xa9"',
    'SELECT R&D',
    'SELECT "a//b"',
    'EXAMINE /a',
    'SELECT ""',
    'CREATE /',
    'DELETE &AAE-',
    'SELECT "a\tb"',
    'SUBSCRIBE "&*"',
    `SELECT ${'x'.repeat(256)}`,
    `STATUS ${'x/'.repeat(20)}x (MESSAGES)`,
    'APPEND & {1}',
  ])('a name that no folder can have is in the grammar: %j', (text) => {
    expect(command(text)).toMatchObject({ folder: '' });
  });

  test.for(['LIST "" &*', 'LIST "&*" *', 'LSUB "" &', 'LIST "" (& "a\tb")', 'LIST "" "\x7f"'])(
    'nothing matches %j',
    (text) => expect(command(text)).toMatchObject({ reference: expect.any(String), patterns: [] }),
  );

  test.for([
    ['HEADER.FIELDS ("X-Rate(%)")', 'HEADER.FIELDS ("X-Rate(%)")'],
    ['HEADER.FIELDS.NOT ("a:b" "c d")', 'HEADER.FIELDS.NOT (a:b "c d")'],
    ['HEADER.FIELDS ({3+}\r\na\r\n X)', 'HEADER.FIELDS ({3}\r\na\r\n X)'],
    ['HEADER.FIELDS ("" "q\\"q")', 'HEADER.FIELDS ("" "q\\"q")'],
    ['HEADER.FIELDS (From)', 'HEADER.FIELDS (From)'],
  ])('a field name is an astring, and comes back as one: %j', ([asked, told]) => {
    const items = [{ item: 'section', section: { label: `BODY[${told}]` } }];
    expect(command(`FETCH 1 BODY[${asked}]`)).toMatchObject({ items });
  });

  test.for(['X-Rate(%)', 'a:b', '', 'q"q', 'x\\y', 'with space', '*', 'caf\xe9'])('SEARCH HEADER %j', (field) => {
    const quoted = field.replaceAll(/["\\]/g, String.raw`\$&`);
    expect(command(`SEARCH HEADER "${quoted}" "7"`)).toMatchObject({ program: { key: 'header', field } });
  });

  test.for([
    '31-Dec-9999 23:30:00 -0200',
    '01-Jan-0001 00:30:00 +0100',
    '01-Jan-0000 00:30:00 +0000',
    '31-Dec-9999 23:59:60 +0000',
  ])('APPEND of a moment that FETCH cannot say: %s', (date) =>
    expect(command(`APPEND x "${date}" {1}`)).toContain('year 1 to 9999'),
  );

  test.for(['31-Dec-9999 23:59:59 +0000', '01-Jan-0001 00:00:00 +0000', '01-Jan-0001 00:30:00 -0100'])(
    'APPEND of the first and the last moments: %s',
    (date) => expect(command(`APPEND x "${date}" {1}`)).toMatchObject({ size: 1 }),
  );
});

const word = fc.constantFrom(
  'a ',
  'UID ',
  'FETCH ',
  'SEARCH ',
  'STORE ',
  'LIST ',
  'APPEND ',
  'ID ',
  'LOGIN ',
  'STATUS ',
  '1:*',
  ',',
  '(',
  ')',
  ' ',
  'BODY[',
  ']',
  '<0.1>',
  '"',
  '\\',
  '"x"',
  '{1}\r\nx',
  '{2+}\n',
  'NOT ',
  'OR ',
  'ALL',
  'HEADER.FIELDS ',
  'FLAGS',
  '\\Seen',
  'x',
  '\0',
  '\xff',
  '&',
  '1-Feb-1994',
  'CHARSET ',
);

describe('properties', () => {
  test('total: a command or a SyntaxFault', () => {
    const total = (octets: Buffer): void => {
      const { tag, fault, command: parsed } = parseCommand(octets);
      if (parsed === undefined) expect(fault).toBeInstanceOf(SyntaxFault);
      else expect(tag).not.toBe('');
    };
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => total(Buffer.from(octets))),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.array(word), (words) => total(Buffer.from(`a ${words.join('')}`, 'latin1'))),
      { numRuns: 1500 },
    );
  });

  test('round trip', () => {
    fc.assert(
      fc.property(anyCommand, fc.constantFrom<StringStyle[]>('quoted', 'literal', 'literal+'), (given, style) => {
        expect(parse(printCommand('t1', given, style))).toEqual({ tag: 't1', command: given });
      }),
      { numRuns: 1000 },
    );
  });

  test('every prefix of a command is total', () => {
    fc.assert(
      fc.property(anyCommand, (given) => {
        const text = printCommand('t', given, 'literal+');
        for (let at = 0; at < text.length; at++) expect(() => parse(text.slice(0, at))).not.toThrow();
      }),
      { numRuns: 50 },
    );
  });
});
