import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCommand, printCommand, type StringStyle } from '../command-printer.spec-helper.ts';
import { SyntaxFault } from '../syntax-fault.ts';
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
    ['SELECT "\xc3\xa9"', 'expected folder name in modified UTF-7'],
    ['SELECT R&D', 'expected folder name in modified UTF-7'],
    ['SELECT "a//b"', 'expected folder name without empty levels'],
    ['SELECT /a', 'expected folder name without empty levels'],
    ['SELECT ""', 'expected folder name without empty levels'],
    ['CREATE /', 'expected folder name without empty levels'],
    ['SELECT "a\tb"', 'expected folder name'],
    ['SELECT &AAE-', 'expected folder name'],
    [`SELECT ${'x'.repeat(256)}`, 'expected folder name of at most 255 characters'],
    [`SELECT ${'x/'.repeat(20)}x`, 'expected folder name of at most 20 levels'],
    ['SELECT a*', 'expected end of command'],
    ['STATUS x MESSAGES', 'expected list of status items'],
    ['STATUS x ()', 'expected status item'],
    ['STATUS x (SIZE)', 'expected status item'],
    ['LIST "" a b', 'expected RETURN'],
    ['LIST (REMOTE) "" a', 'expected selection option'],
    ['LIST "" (', 'expected pattern'],
    ['LIST "" ()', 'expected pattern'],
    ['LIST "" &', 'expected pattern in modified UTF-7'],
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
    ['FETCH 1 BODY[HEADER.FIELDS ("a:b")]', 'expected field name'],
    ['FETCH 1 BODY[HEADER.FIELDS ({3+}\r\na\r\n)]', 'expected field name'],
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
    ['25 levels of parentheses', `SEARCH ${'('.repeat(25)}ALL${')'.repeat(25)}`, true],
    ['26 levels', `SEARCH ${'('.repeat(26)}ALL${')'.repeat(26)}`, false],
    ['26 times NOT', `SEARCH ${'NOT '.repeat(26)}ALL`, false],
    ['30,000 times OR', `SEARCH ${'OR '.repeat(30_000)}ALL`, false],
    ['a search key too many', `SEARCH${' ALL'.repeat(1001)}`, false],
    ['64 keys that look for text', `SEARCH${' BODY a TEXT b HEADER c d TO e'.repeat(16)}`, true],
    ['one more', `SEARCH${' BODY a TEXT b HEADER c d TO e'.repeat(16)} SUBJECT a`, false],
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
  });
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
