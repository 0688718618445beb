import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readData } from '../response-reader.spec-helper.ts';
import {
  encodeCapability,
  encodeEnabled,
  encodeExists,
  encodeExpunge,
  encodeFlagsLine,
  encodeId,
  encodeList,
  encodeLsub,
  encodeNamespace,
  encodeRecent,
  encodeSearch,
  encodeStatus,
} from './mailbox-data.ts';
import { encodeFetchFlags, encodeInternalDate, FetchResponse } from './fetch.ts';
import { encodeContinuation, encodeTagged, encodeUntagged, type ResponseCode } from './status.ts';
import { encodeAstring, encodeField, encodeString } from './strings.ts';

const octets = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)) });

describe('strings', () => {
  test.for<[string, string]>([
    ['INBOX', 'INBOX'],
    ['Sent Messages', '"Sent Messages"'],
    ['', '""'],
    ['nil', '"nil"'],
    ['a]b', 'a]b'],
    ['a%b', '"a%b"'],
    ['&AOQ-', '&AOQ-'],
    [String.raw`a"\b`, String.raw`"a\"\\b"`],
    ['a\r\nb', '{4}\r\na\r\nb'],
    ['\xe4', '{1}\r\n\xe4'],
    ['__proto__', '__proto__'],
  ])('astring %j is %j', ([name, encoded]) => expect(encodeAstring(name)).toBe(encoded));

  test('any octets come back as they were, but for NUL', () => {
    fc.assert(
      fc.property(octets, (text) => {
        expect(readData(encodeString(text))).toBe(text.replaceAll('\0', ''));
        expect(readData(encodeAstring(text))).toBe(text.replaceAll('\0', ''));
      }),
    );
  });

  test.for<[string, string, number]>([
    ['at the limit', 'x'.repeat(8192), 8192],
    ['over it', 'x'.repeat(9000), 8192],
    ['a letter across the limit goes whole', `${'x'.repeat(8191)}\xc3\xa4`, 8191],
    ['octets that are no UTF-8', '\x80'.repeat(9000), 8188],
  ])('a field of a message %s', ([, field, kept]) => {
    expect(readData(encodeField(field))).toBe(field.slice(0, kept));
  });

  test('a field that is absent is NIL, an empty one a string', () => {
    expect([encodeField(undefined), encodeField(null), encodeField('')]).toEqual(['NIL', 'NIL', '""']);
  });
});

describe('status responses', () => {
  test.for<[ResponseCode, string]>([
    [{ code: 'ALERT' }, 'ALERT'],
    [{ code: 'READ-WRITE' }, 'READ-WRITE'],
    [{ code: 'TRYCREATE' }, 'TRYCREATE'],
    [{ code: 'OVERQUOTA' }, 'OVERQUOTA'],
    [{ code: 'BADCHARSET', charsets: ['US-ASCII', 'UTF-8'] }, 'BADCHARSET (US-ASCII UTF-8)'],
    [{ code: 'CAPABILITY', capabilities: ['IMAP4rev1', 'IDLE'] }, 'CAPABILITY IMAP4rev1 IDLE'],
    [{ code: 'PERMANENTFLAGS', flags: [String.raw`\Seen`, String.raw`\*`] }, String.raw`PERMANENTFLAGS (\Seen \*)`],
    [{ code: 'PERMANENTFLAGS', flags: [] }, 'PERMANENTFLAGS ()'],
    [{ code: 'UIDNEXT', value: 4_294_967_295 }, 'UIDNEXT 4294967295'],
    [{ code: 'UIDVALIDITY', value: 7 }, 'UIDVALIDITY 7'],
    [{ code: 'UNSEEN', value: 3 }, 'UNSEEN 3'],
    [{ code: 'APPENDUID', uidValidity: 38_505, uids: [3955] }, 'APPENDUID 38505 3955'],
    [
      { code: 'COPYUID', uidValidity: 38_505, from: [304, 319, 320], to: [3956, 3957, 3958] },
      'COPYUID 38505 304,319:320 3956:3958',
    ],
  ])('%j', ([code, expected]) => expect(encodeTagged('a1', 'NO', 'text', code)).toBe(`a1 NO [${expected}] text\r\n`));

  test('the plain forms', () => {
    expect(encodeTagged('a1', 'OK', 'done')).toBe('a1 OK done\r\n');
    expect(encodeUntagged('BYE', 'shutting down')).toBe('* BYE shutting down\r\n');
    expect(encodeUntagged('PREAUTH', 'hello')).toBe('* PREAUTH hello\r\n');
    expect(encodeUntagged('OK', '')).toBe('* OK -\r\n');
    expect(encodeUntagged('OK', '[ALERT] forged')).toBe('* OK - [ALERT] forged\r\n');
    expect(encodeContinuation()).toBe('+ \r\n');
    expect(encodeContinuation('idling')).toBe('+ idling\r\n');
  });

  test('no text breaks the line or forges a code', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = encodeUntagged('NO', text);
        expect(line).toMatch(/^\* NO [\x20-\x7e]+\r\n$/);
        expect(line).not.toMatch(/^\* NO \[/);
      }),
    );
  });
});

test.for<[string, string]>([
  [encodeCapability(['IMAP4rev1', 'UIDPLUS']), '* CAPABILITY IMAP4rev1 UIDPLUS'],
  [encodeFlagsLine(['$Forwarded']), String.raw`* FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Forwarded)`],
  [encodeExists(23), '* 23 EXISTS'],
  [encodeRecent(5), '* 5 RECENT'],
  [encodeExpunge(44), '* 44 EXPUNGE'],
  [[...encodeSearch([2, 84, 882])].join(''), '* SEARCH 2 84 882'],
  [[...encodeSearch([])].join(''), '* SEARCH'],
  [encodeEnabled(['CONDSTORE']), '* ENABLED CONDSTORE'],
  [encodeEnabled([]), '* ENABLED'],
  [
    encodeList({ attributes: [String.raw`\HasNoChildren`, String.raw`\Sent`], delimiter: '/', name: 'Sent Items' }),
    String.raw`* LIST (\HasNoChildren \Sent) "/" "Sent Items"`,
  ],
  [encodeList({ attributes: [], delimiter: null, name: 'INBOX' }), '* LIST () NIL INBOX'],
  [encodeList({ attributes: [], delimiter: '\\', name: '' }), String.raw`* LIST () "\\" ""`],
  [encodeLsub({ attributes: [], delimiter: '/', name: 'a"b' }), String.raw`* LSUB () "/" "a\"b"`],
  [
    encodeStatus('a b', [
      ['MESSAGES', 231],
      ['UIDNEXT', 44_292],
    ]),
    '* STATUS "a b" (MESSAGES 231 UIDNEXT 44292)',
  ],
  [encodeNamespace([{ prefix: '', delimiter: '/' }]), '* NAMESPACE (("" "/")) NIL NIL'],
  [
    encodeNamespace([{ prefix: '', delimiter: '/' }], [{ prefix: 'Users/', delimiter: '/' }]),
    '* NAMESPACE (("" "/")) (("Users/" "/")) NIL',
  ],
  [encodeId([]), '* ID NIL'],
  [
    encodeId([
      ['name', 'Posthouse'],
      ['version', null],
    ]),
    '* ID ("name" "Posthouse" "version" NIL)',
  ],
])('%j', ([encoded, expected]) => expect(encoded).toBe(`${expected}\r\n`));

describe('FETCH', () => {
  test('items in the order they are added, literals announced', () => {
    const response = new FetchResponse(12)
      .flags(1 | 32, ['$MDNSent'])
      .uid(7)
      .size(44);
    response.internalDate(new Date(Date.UTC(1996, 6, 7, 2, 4, 5))).item('ENVELOPE', '(NIL)');
    response.section('BODY[1]', null).section('BODY[2]', 'a\r\n').literal('BODY[]<0>', 5);
    expect(response.take()).toBe(
      String.raw`* 12 FETCH (FLAGS (\Seen \Recent $MDNSent) UID 7 RFC822.SIZE 44` +
        ' INTERNALDATE " 7-Jul-1996 02:04:05 +0000" ENVELOPE (NIL) BODY[1] NIL BODY[2] {3}\r\na\r\n BODY[]<0> {5}\r\n',
    );
    expect(response.uid(9).end()).toBe(' UID 9)\r\n');
  });

  test('flags alone', () => {
    expect(encodeFetchFlags(3, 0)).toBe('* 3 FETCH (FLAGS ())\r\n');
    expect(encodeFetchFlags(3, 5, ['x'], 9)).toBe(`* 3 FETCH (UID 9 FLAGS (${String.raw`\Seen \Flagged`} x))\r\n`);
  });

  test.for<[string, string]>([
    ['2026-11-23T13:35:56.999Z', '"23-Nov-2026 13:35:56 +0000"'],
    ['2000-02-29T00:00:00Z', '"29-Feb-2000 00:00:00 +0000"'],
    ['0999-12-01T23:59:59Z', '" 1-Dec-0999 23:59:59 +0000"'],
  ])('INTERNALDATE of %s', ([date, expected]) => expect(encodeInternalDate(new Date(date))).toBe(expected));
});
