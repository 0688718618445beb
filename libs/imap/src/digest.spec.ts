import { expect, test } from 'vitest';
import { MessageScanner } from '#message';
import type { MessageDigest } from '#domain';
import { digestOf, MAX_MESSAGE_ID, type MessageIndexInput } from './index.ts';

/** Of what `#message` finds, as `#domain` stores it. */
function digested(message: string): MessageDigest {
  const scanner = new MessageScanner();
  scanner.write(Buffer.from(message, 'latin1'));
  return digestOf(scanner.end());
}

test('the encoded forms of a message, and where its parts lie', () => {
  const header = 'Subject: hi\r\nMessage-ID: <1@x.example>\r\n\r\n';
  const { mimeIndex, ...rest } = digested(`${header}hi\r\n`);
  expect(rest).toEqual({
    octets: header.length + 4,
    headerOctets: header.length,
    headerMessageId: '<1@x.example>',
    envelope: '(NIL "hi" NIL NIL NIL NIL NIL NIL NIL "<1@x.example>")',
    bodyStructure: expect.stringMatching(/^\("TEXT" "PLAIN" /i) as string,
  });
  const { root } = JSON.parse(mimeIndex) as MessageIndexInput;
  expect(root.body).toEqual([header.length, header.length + 4]);
});

test('a message without Message-ID has none to be found by; one that is too long is cut', () => {
  expect(digested('Subject: hi\r\n\r\n').headerMessageId).toBeUndefined();
  const long = `<${'x'.repeat(2 * MAX_MESSAGE_ID)}@x.example>`;
  expect(digested(`Message-ID: ${long}\r\n\r\n`).headerMessageId).toBe(long.slice(0, MAX_MESSAGE_ID));
});

test.for<[string, string]>([
  ['<a@b.example>', '<a@b.example>'],
  ['<grüße.1@bücher.example>', '<grüße.1@bücher.example>'],
])('a Message-ID is kept as people read it: %s', ([written, kept]) => {
  const octets = Buffer.from(written, 'utf8').toString('latin1');
  expect(digested(`Message-ID: ${octets}\r\n\r\n`).headerMessageId).toBe(kept);
});

test('a Message-ID that is no UTF-8, or cut in the middle of a character, is kept octet by octet, and bounded', () => {
  expect(digested('Message-ID: <\xfc@b.example>\r\n\r\n').headerMessageId).toBe('<ü@b.example>');
  const octets = Buffer.from('ü'.repeat(5_000), 'utf8').toString('latin1');
  const long = digested(`Message-ID: <${octets}>\r\n\r\n`).headerMessageId ?? '';
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(2 * MAX_MESSAGE_ID);
});
