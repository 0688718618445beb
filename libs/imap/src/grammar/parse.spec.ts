import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import type { Command } from '../command.ts';
import { command } from './command-of.spec-helper.ts';

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
            { key: 'not', of: { key: 'address', field: 'From', value: b('Smith') } },
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
          keys: [
            {
              key: 'and',
              keys: [
                { key: 'flag', flag: 1, set: true },
                { key: 'flag', flag: 16, set: true },
              ],
            },
            { key: 'senton', day: 11_016 },
          ],
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
