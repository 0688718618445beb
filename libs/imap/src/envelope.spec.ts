import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBody, encodeBodyStructure, encodeEnvelope, MAX_STRUCTURE_DEPTH } from './index.ts';
import type { AddressInput, EnvelopeInput, PartInput } from './structure-input.ts';
import { readData } from './response-reader.spec-helper.ts';

const nobody: EnvelopeInput = { from: [], sender: [], replyTo: [], to: [], cc: [], bcc: [] };
const alice: AddressInput = { name: 'Alice', mailbox: 'alice', host: 'example.org' };
const bob: AddressInput = { name: null, mailbox: 'bob', host: 'example.org' };
const ALICE = '(("Alice" NIL "alice" "example.org"))';
const BOB = '((NIL NIL "bob" "example.org"))';

describe('ENVELOPE', () => {
  test.for<[string, EnvelopeInput, string]>([
    ['nothing known', nobody, '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'],
    [
      'all fields in their order',
      {
        date: 'Mon, 1 Jan 2024 00:00:00 +0000',
        subject: 'Hello',
        messageId: '<1@x>',
        inReplyTo: '<0@x>',
        from: [alice],
        sender: [bob],
        replyTo: [bob],
        to: [bob],
        cc: [alice],
        bcc: [bob],
      },
      `("Mon, 1 Jan 2024 00:00:00 +0000" "Hello" ${ALICE} ${BOB} ${BOB} ${BOB} ${ALICE} ${BOB} "<0@x>" "<1@x>")`,
    ],
    [
      'Sender and Reply-To default to From',
      { ...nobody, from: [alice] },
      `(NIL NIL ${ALICE} ${ALICE} ${ALICE} NIL NIL NIL NIL NIL)`,
    ],
    ['an empty subject is not an absent one', { ...nobody, subject: '' }, '(NIL "" NIL NIL NIL NIL NIL NIL NIL NIL)'],
    [
      'quotes and backslashes',
      { ...nobody, subject: String.raw`a "b" \c` },
      String.raw`(NIL "a \"b\" \\c" NIL NIL NIL NIL NIL NIL NIL NIL)`,
    ],
    [
      '8-bit octets make a literal',
      { ...nobody, subject: 'J\xc3\xbcrgen' },
      '(NIL {7}\r\nJ\xc3\xbcrgen NIL NIL NIL NIL NIL NIL NIL NIL)',
    ],
    [
      'line ends make a literal, NUL is dropped',
      { ...nobody, subject: 'a\r\nb\0' },
      '(NIL {4}\r\na\r\nb NIL NIL NIL NIL NIL NIL NIL NIL)',
    ],
    [
      'a source route',
      { ...nobody, to: [{ ...bob, route: '@relay.example,@other.example' }, bob] },
      '(NIL NIL NIL NIL NIL ((NIL "@relay.example,@other.example" "bob" "example.org")(NIL NIL "bob" "example.org")) NIL NIL NIL NIL)',
    ],
    [
      'a group',
      {
        ...nobody,
        to: [{ name: null, mailbox: 'Team', host: null }, bob, { name: null, mailbox: null, host: null }],
      },
      '(NIL NIL NIL NIL NIL ((NIL NIL "Team" NIL)(NIL NIL "bob" "example.org")(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
    ],
  ])('%s', ([, fields, expected]) => expect(encodeEnvelope(fields)).toBe(expected));

  const octets = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)) });
  const address = fc.record({
    name: fc.option(octets),
    route: octets,
    mailbox: fc.option(octets),
    host: fc.option(octets),
  });
  const addresses = fc.array(address, { maxLength: 3 });
  const kept = (text: string | null | undefined): string | null => text?.replaceAll('\0', '') ?? null;

  test('what a client reads is what the header said, whatever the octets', () => {
    fc.assert(
      fc.property(octets, fc.option(octets), addresses, addresses, (subject, date, from, to) => {
        const fields = { ...nobody, subject, ...(date === null ? {} : { date }), from, to };
        const shown = (list: readonly AddressInput[]): unknown =>
          list.length === 0 ? null : list.map((a) => [kept(a.name), kept(a.route), kept(a.mailbox), kept(a.host)]);
        expect(readData(encodeEnvelope(fields))).toEqual([
          kept(date),
          kept(subject),
          shown(from),
          shown(from),
          shown(from),
          shown(to),
          null,
          null,
          null,
          null,
        ]);
      }),
    );
  });
});

const text: PartInput = {
  type: 'text',
  subtype: 'plain',
  params: [['charset', 'utf-8']],
  encoding: '7bit',
  header: [0, 10],
  body: [10, 110],
  lines: 4,
  parts: [],
};
const image: PartInput = {
  ...text,
  type: 'image',
  subtype: 'png',
  params: [],
  id: '<i@x>',
  description: 'A "cat"',
  encoding: 'base64',
  md5: 'abc==',
  disposition: { type: 'attachment', params: [['filename', 'cat.png']] },
  language: ['en', 'de'],
  location: 'http://x/',
};
const mixed: PartInput = {
  ...text,
  type: 'multipart',
  subtype: 'mixed',
  params: [['boundary', 'b']],
  parts: [text, image],
};
const forwarded: PartInput = {
  ...text,
  type: 'message',
  subtype: 'rfc822',
  params: [],
  message: { envelope: nobody, root: text },
};
const NO_ENVELOPE = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)';
const TEXT = '("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 100 4)';
const TEXT_EXTENDED = '("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 100 4 NIL NIL NIL NIL)';
const IMAGE = String.raw`("image" "png" NIL "<i@x>" "A \"cat\"" "base64" 100`;

describe('BODY and BODYSTRUCTURE', () => {
  test.for<[string, PartInput, string, string]>([
    ['text', text, TEXT, TEXT_EXTENDED],
    [
      'anything else has no lines',
      image,
      `${IMAGE})`,
      `${IMAGE} "abc==" ("attachment" ("filename" "cat.png")) ("en" "de") "http://x/")`,
    ],
    ['one language', { ...text, language: ['en'] }, TEXT, TEXT_EXTENDED.replace('NIL NIL)', '"en" NIL)')],
    [
      'a multipart',
      mixed,
      `(${TEXT}${IMAGE}) "mixed")`,
      `(${TEXT_EXTENDED}${IMAGE} "abc==" ("attachment" ("filename" "cat.png")) ("en" "de") "http://x/") "mixed" ("boundary" "b") NIL NIL NIL)`,
    ],
    [
      'an embedded message',
      forwarded,
      `("message" "rfc822" NIL NIL NIL "7bit" 100 ${NO_ENVELOPE} ${TEXT} 4)`,
      `("message" "rfc822" NIL NIL NIL "7bit" 100 ${NO_ENVELOPE} ${TEXT_EXTENDED} 4 NIL NIL NIL NIL)`,
    ],
    [
      'a multipart without parts is octets',
      { ...mixed, parts: [] },
      '("application" "octet-stream" ("boundary" "b") NIL NIL "7bit" 100)',
      '("application" "octet-stream" ("boundary" "b") NIL NIL "7bit" 100 NIL NIL NIL NIL)',
    ],
    [
      'an encoded message keeps its type, and shows nothing of what is in it',
      { ...text, type: 'message', subtype: 'rfc822', params: [], encoding: 'base64' },
      `("message" "rfc822" NIL NIL NIL "base64" 100 ${NO_ENVELOPE} ("text" "plain" NIL NIL NIL "7bit" 0 0) 4)`,
      `("message" "rfc822" NIL NIL NIL "base64" 100 ${NO_ENVELOPE} ("text" "plain" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL) 4 NIL NIL NIL NIL)`,
    ],
  ])('%s', ([, part, body, structure]) => {
    expect(encodeBody(part)).toBe(body);
    expect(encodeBodyStructure(part)).toBe(structure);
  });

  test('a structure deeper than the limit ends in an opaque part', () => {
    let deep: PartInput = text;
    for (let level = 0; level < 100_000; level++) deep = { ...mixed, parts: [deep] };
    const shown = encodeBodyStructure(deep);
    expect(shown.startsWith(`${'('.repeat(MAX_STRUCTURE_DEPTH + 1)}"application" "octet-stream"`)).toBe(true);
    for (let level = 0; level < 100_000; level++) deep = { ...forwarded, message: { envelope: nobody, root: deep } };
    expect(encodeBody(deep).match(/"rfc822"/g)).toHaveLength(MAX_STRUCTURE_DEPTH + 1);
    expect(encodeBody(deep)).toContain(`${NO_ENVELOPE} ("text" "plain" NIL NIL NIL "7bit" 0 0) 4)`);
  });

  test('hostile parameter names and values stay values', () => {
    const part: PartInput = {
      ...text,
      params: [
        ['__proto__', 'a") FLAGS ("'],
        ['x\r\ny', '\0'],
      ],
    };
    expect(readData(encodeBody(part))).toEqual([
      'text',
      'plain',
      ['__proto__', 'a") FLAGS ("', 'x\r\ny', ''],
      null,
      null,
      '7bit',
      '100',
      '4',
    ]);
  });
});
