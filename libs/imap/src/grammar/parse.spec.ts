import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCommand, printCommand, type StringStyle } from '../command-printer.spec-helper.ts';
import type { Command } from '../command.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { parseCommand } from './parse.ts';

const parse = (text: string): ReturnType<typeof parseCommand> => parseCommand(Buffer.from(text, 'latin1'));
const command = (text: string): Command | string => {
  const parsed = parse(`a ${text}`);
  return parsed.command ?? parsed.fault.message;
};
const b = (text: string): Buffer => Buffer.from(text);
const one = { first: 1, last: 1 };
const bare = { part: [], text: 'all', peek: false } as const;

describe('commands', () => {
  test.for<[string, Command]>([
    ['CAPABILITY', { name: 'CAPABILITY' }],
    ['noop', { name: 'NOOP' }],
    ['LogOut', { name: 'LOGOUT' }],
    ['CHECK', { name: 'CHECK' }],
    ['CLOSE', { name: 'CLOSE' }],
    ['UNSELECT', { name: 'UNSELECT' }],
    ['EXPUNGE', { name: 'EXPUNGE' }],
    ['IDLE', { name: 'IDLE' }],
    ['NAMESPACE', { name: 'NAMESPACE' }],
    ['LOGIN mrc secret', { name: 'LOGIN', user: 'mrc', password: 'secret' }],
    ['LOGIN "a\\"b" {5+}\r\np w d', { name: 'LOGIN', user: 'a"b', password: 'p w d' }],
    ['LOGIN "J\xc3\xb6" "\xf6"', { name: 'LOGIN', user: 'Jö', password: 'ö' }],
    ['LOGIN "" ]', { name: 'LOGIN', user: '', password: ']' }],
    ['AUTHENTICATE plain', { name: 'AUTHENTICATE', mechanism: 'PLAIN' }],
    ['AUTHENTICATE PLAIN =', { name: 'AUTHENTICATE', mechanism: 'PLAIN', initial: '' }],
    ['AUTHENTICATE PLAIN AGEAYg==', { name: 'AUTHENTICATE', mechanism: 'PLAIN', initial: 'AGEAYg==' }],
    ['ID NIL', { name: 'ID', fields: null }],
    [
      'ID ("name" "x" "__proto__" NIL)',
      {
        name: 'ID',
        fields: new Map([
          ['name', 'x'],
          ['__proto__', null],
        ]),
      },
    ],
    ['ENABLE condstore X-Y', { name: 'ENABLE', capabilities: ['CONDSTORE', 'X-Y'] }],
    ['SELECT inbox', { name: 'SELECT', folder: 'INBOX' }],
    ['EXAMINE "Inbox/a b"', { name: 'EXAMINE', folder: 'INBOX/a b' }],
    ['SELECT __proto__', { name: 'SELECT', folder: '__proto__' }],
    ['SELECT ~peter/mail/&U,BTFw-/&ZeVnLIqe-', { name: 'SELECT', folder: '~peter/mail/台北/日本語' }],
    ['CREATE owatagusiam/', { name: 'CREATE', folder: 'owatagusiam' }],
    ['DELETE {3+}\r\nfoo', { name: 'DELETE', folder: 'foo' }],
    ['SUBSCRIBE a.b', { name: 'SUBSCRIBE', folder: 'a.b' }],
    ['UNSUBSCRIBE a]b', { name: 'UNSUBSCRIBE', folder: 'a]b' }],
    ['RENAME a b/', { name: 'RENAME', from: 'a', to: 'b' }],
    ['STATUS x (uidnext MESSAGES uidnext)', { name: 'STATUS', folder: 'x', items: ['UIDNEXT', 'MESSAGES'] }],
    ['LIST "" ""', { name: 'LIST', reference: '', patterns: [''], select: [], give: [], extended: false }],
    ['LIST ~/ %', { name: 'LIST', reference: '~/', patterns: ['%'], select: [], give: [], extended: false }],
    [
      'LIST (SPECIAL-USE) "" "*"',
      { name: 'LIST', reference: '', patterns: ['*'], select: ['SPECIAL-USE'], give: [], extended: true },
    ],
    [
      'LIST () "" ("a" b*) RETURN (children special-use)',
      {
        name: 'LIST',
        reference: '',
        patterns: ['a', 'b*'],
        select: [],
        give: ['CHILDREN', 'SPECIAL-USE'],
        extended: true,
      },
    ],
    ['LIST "" % RETURN ()', { name: 'LIST', reference: '', patterns: ['%'], select: [], give: [], extended: true }],
    [
      'LSUB "#news." "comp.*"',
      { name: 'LSUB', reference: '#news.', patterns: ['comp.*'], select: [], give: [], extended: false },
    ],
    [
      'APPEND x (\\Seen $A) " 1-Feb-1994 21:52:25 -0800" {310}',
      {
        name: 'APPEND',
        folder: 'x',
        flags: { system: 1, keywords: ['$A'] },
        date: Date.UTC(1994, 1, 2, 5, 52, 25),
        size: 310,
      },
    ],
    ['APPEND x () {0+}', { name: 'APPEND', folder: 'x', flags: { system: 0, keywords: [] }, size: 0 }],
    ['APPEND x {7}', { name: 'APPEND', folder: 'x', flags: { system: 0, keywords: [] }, size: 7 }],
    ['UID EXPUNGE 3:*', { name: 'EXPUNGE', uids: [{ first: 3, last: 0 }] }],
    ['COPY 2:4 MEETING', { name: 'COPY', uid: false, set: [{ first: 2, last: 4 }], folder: 'MEETING' }],
    ['uid move *,1 x', { name: 'MOVE', uid: true, set: [{ first: 0, last: 0 }, one], folder: 'x' }],
    [
      'STORE 1 +FLAGS (\\DELETED \\deleted a A __proto__)',
      {
        name: 'STORE',
        uid: false,
        set: [one],
        mode: 'add',
        silent: false,
        flags: { system: 8, keywords: ['a', '__proto__'] },
      },
    ],
    [
      'UID STORE 1 -flags.silent \\Seen \\Flagged',
      { name: 'STORE', uid: true, set: [one], mode: 'remove', silent: true, flags: { system: 5, keywords: [] } },
    ],
    [
      'STORE 1 FLAGS ()',
      { name: 'STORE', uid: false, set: [one], mode: 'replace', silent: false, flags: { system: 0, keywords: [] } },
    ],
    [
      'FETCH 1 fast',
      {
        name: 'FETCH',
        uid: false,
        set: [one],
        items: [{ item: 'FLAGS' }, { item: 'INTERNALDATE' }, { item: 'RFC822.SIZE' }],
      },
    ],
    [
      'FETCH 1 FULL',
      {
        name: 'FETCH',
        uid: false,
        set: [one],
        items: [
          { item: 'FLAGS' },
          { item: 'INTERNALDATE' },
          { item: 'RFC822.SIZE' },
          { item: 'ENVELOPE' },
          { item: 'BODY' },
        ],
      },
    ],
    [
      'UID FETCH 1 (UID BODY BODYSTRUCTURE)',
      { name: 'FETCH', uid: true, set: [one], items: [{ item: 'UID' }, { item: 'BODY' }, { item: 'BODYSTRUCTURE' }] },
    ],
    [
      'FETCH 1 RFC822',
      { name: 'FETCH', uid: false, set: [one], items: [{ item: 'section', section: { ...bare, label: 'RFC822' } }] },
    ],
    [
      'FETCH 1 rfc822.header',
      {
        name: 'FETCH',
        uid: false,
        set: [one],
        items: [{ item: 'section', section: { ...bare, text: 'HEADER', peek: true, label: 'RFC822.HEADER' } }],
      },
    ],
    [
      'FETCH 1 RFC822.TEXT',
      {
        name: 'FETCH',
        uid: false,
        set: [one],
        items: [{ item: 'section', section: { ...bare, text: 'TEXT', label: 'RFC822.TEXT' } }],
      },
    ],
    [
      'FETCH 1 BODY[]<0.10>',
      {
        name: 'FETCH',
        uid: false,
        set: [one],
        items: [{ item: 'section', section: { ...bare, partial: { from: 0, octets: 10 }, label: 'BODY[]<0>' } }],
      },
    ],
    [
      'FETCH 1 body.peek[1.2.mime]',
      {
        name: 'FETCH',
        uid: false,
        set: [one],
        items: [{ item: 'section', section: { part: [1, 2], text: 'MIME', peek: true, label: 'BODY[1.2.MIME]' } }],
      },
    ],
    [
      'FETCH 1 (BODY[1.header.fields (From "To")]<5.1> FLAGS)',
      {
        name: 'FETCH',
        uid: false,
        set: [one],
        items: [
          {
            item: 'section',
            section: {
              part: [1],
              text: 'HEADER.FIELDS',
              fields: ['From', 'To'],
              partial: { from: 5, octets: 1 },
              peek: false,
              label: 'BODY[1.HEADER.FIELDS (From To)]<5>',
            },
          },
          { item: 'FLAGS' },
        ],
      },
    ],
    ['SEARCH ALL', { name: 'SEARCH', uid: false, program: { key: 'all' } }],
    [
      'UID SEARCH 1,3:* UNDELETED',
      {
        name: 'SEARCH',
        uid: true,
        program: {
          key: 'and',
          keys: [
            { key: 'sequence', set: [one, { first: 3, last: 0 }] },
            { key: 'flag', flag: 8, set: false },
          ],
        },
      },
    ],
    [
      'SEARCH CHARSET utf-8 TEXT {6+}\r\n\xd0\x9c\xd0\x9c\xd0\x9c',
      { name: 'SEARCH', uid: false, charset: 'UTF-8', program: { key: 'text', value: b('МММ') } },
    ],
    [
      'SEARCH CHARSET KOI8-R SUBJECT "\xff"',
      {
        name: 'SEARCH',
        uid: false,
        charset: 'KOI8-R',
        program: { key: 'header', field: 'Subject', value: Buffer.from([255]) },
      },
    ],
    [
      'SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
      {
        name: 'SEARCH',
        uid: false,
        program: {
          key: 'and',
          keys: [
            { key: 'flag', flag: 4, set: true },
            { key: 'since', day: 8797 },
            { key: 'not', of: { key: 'header', field: 'From', value: b('Smith') } },
          ],
        },
      },
    ],
    [
      'SEARCH OR (SEEN DRAFT) SENTON "29-Feb-2000"',
      {
        name: 'SEARCH',
        uid: false,
        program: {
          key: 'or',
          left: {
            key: 'and',
            keys: [
              { key: 'flag', flag: 1, set: true },
              { key: 'flag', flag: 16, set: true },
            ],
          },
          right: { key: 'senton', day: 11_016 },
        },
      },
    ],
    [
      'SEARCH HEADER Message-ID "" KEYWORD $x UID 5',
      {
        name: 'SEARCH',
        uid: false,
        program: {
          key: 'and',
          keys: [
            { key: 'header', field: 'Message-ID', value: b('') },
            { key: 'keyword', keyword: '$x', set: true },
            { key: 'uid', set: [{ first: 5, last: 5 }] },
          ],
        },
      },
    ],
    [
      'SEARCH LARGER 0 SMALLER 4294967295',
      {
        name: 'SEARCH',
        uid: false,
        program: {
          key: 'and',
          keys: [
            { key: 'larger', octets: 0 },
            { key: 'smaller', octets: 4_294_967_295 },
          ],
        },
      },
    ],
  ])('%s', ([text, expected]) => {
    expect(command(text)).toEqual(expected);
  });

  test('two fields of ID with one name: the first counts', () => {
    expect(command('ID ("a" "1" "a" "2")')).toEqual({ name: 'ID', fields: new Map([['a', '1']]) });
  });
});

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
