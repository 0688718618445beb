/** What SEARCH finds in messages shaped like real mail, and what ENVELOPE and BODYSTRUCTURE say of them. */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { messagesFolder } from '../../../test/corpus/index.ts';
import { digestOf } from './digest.ts';
import { MAX_SEARCH_HEADER, MAX_SEARCH_TEXT } from './limits.ts';
import { addressesOf, scan } from './scan.spec-helper.ts';
import { compileSearch } from './search-evaluator.ts';
import type { SearchKey } from './search-key.ts';
import { allSteps } from './steps.spec-helper.ts';

const sample = (name: string): Buffer => readFileSync(`${messagesFolder}${name}.eml`);
const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'));

function found(key: SearchKey, message: Buffer): boolean | undefined {
  const { root, headerOctets } = scan(message);
  const facts = { header: message.subarray(0, headerOctets), body: message.subarray(headerOctets), root };
  return allSteps(compileSearch(key, { seq: 1, uid: 1 }, addressesOf)({ seq: 1, uid: 1, ...facts })).result;
}

const body = (value: string, message: Buffer): boolean | undefined =>
  found({ key: 'body', value: Buffer.from(value) }, message);
const text = (value: string, message: Buffer): boolean | undefined =>
  found({ key: 'text', value: Buffer.from(value) }, message);
const subject = (value: string, message: Buffer): boolean | undefined =>
  found({ key: 'header', field: 'Subject', value: Buffer.from(value) }, message);

describe('TEXT and BODY look into', () => {
  test.for<[string, string, string]>([
    ['a delivery report', 'dsn-full', 'Final-Recipient: rfc822; nobody@example.org'],
    ['a delivery report', 'dsn-full', 'action: FAILED'],
    ['the header of a part', 'mixed-three', 'filename=a.pdf'],
    ['an internationalised message', 'global', 'Grüße'],
    ['an internationalised message', 'global', 'jürgen@example.net'],
    ['a piece of a message', 'partial', 'parcel you asked'],
    ['what a body elsewhere is', 'external-body', 'Content-ID: <x@example.net>'],
    ['a message in base64', 'forward-base64', 'Subject: Inside'],
    ['the header in front of it', 'forward-base64', 'Content-Transfer-Encoding: base64'],
    ['the header of an attached message', 'forward-attached', 'Subject: Apples'],
  ])('%s: %s', ([, name, wanted]) => {
    expect(body(wanted, sample(name))).toBe(true);
    expect(text(wanted, sample(name))).toBe(true);
    expect(text(`${wanted}?`, sample(name))).toBe(false);
  });

  test('words that encode a name in the header of a part', () => {
    const part = `Content-Disposition: attachment;\n\tfilename="=?utf-8?q?=C3=9Cbersicht.pdf?="\n\nx\n`;
    const message = crlf(`Content-Type: multipart/mixed; boundary=b\n\n--b\n${part}--b--\n`);
    expect(text('attachment; filename="übersicht.pdf"', message)).toBe(true);
    expect(body('ÜBERSICHT', message)).toBe(true);
  });

  test('a multipart in which no part was found, where it is a part too', () => {
    const lost = 'Content-Type: multipart/mixed; boundary=lost\n\nno delimiter\n';
    expect(body('no delimiter', crlf(lost))).toBe(true);
    expect(body('no delimiter', crlf(`Content-Type: multipart/mixed; boundary=b\n\n--b\n${lost}--b--\n`))).toBe(true);
  });

  test('no more than the bounds', () => {
    const parts = (first: string): Buffer =>
      crlf(`Content-Type: multipart/mixed; boundary=b\n\n--b\n${first}\n--b\nX-Last: here\n\nlast\n--b--\n`);
    const report = 'Content-Type: message/delivery-status\n\n';
    expect(body('here', parts(report + 'x'.repeat(MAX_SEARCH_TEXT - 200)))).toBe(true);
    expect(body('here', parts(report + 'x'.repeat(MAX_SEARCH_TEXT)))).toBe(false);
    const wide = 'x'.repeat(MAX_SEARCH_HEADER);
    expect(body('last', parts(`X-Wide: ${wide}\nX-Behind: y\n`))).toBe(true);
    expect(body('behind', parts(`X-Wide: ${wide}\nX-Behind: y\n`))).toBe(false);
  });
});

test.for(['folded\r\n\tsubject', 'folded\r\n subject', 'folded\tsubject', '=?utf-8?q?folded?=\r\n\tsubject'])(
  'a tab is a space for SEARCH: %j',
  (value) => {
    const message = Buffer.from(`Subject: ${value}\r\n\r\na\tb\r\n`);
    for (const wanted of ['folded subject', 'folded\tsubject']) {
      expect(subject(wanted, message), wanted).toBe(true);
      expect(text(wanted, message), wanted).toBe(true);
      expect(subject(wanted.replace('subject', ' subject'), message), wanted).toBe(false);
    }
    expect(body('a b', message)).toBe(true);
  },
);

test('ENVELOPE shows a space for a fold, and the source route', () => {
  const message = crlf(
    'Subject: folded\n\tsubject\nFrom: Anna\n\tB. <@relay.example,@other.example:anna@example.net>\n\n',
  );
  const { envelope, mimeIndex } = digestOf(scan(message));
  const from = '(("Anna B." "@relay.example,@other.example" "anna" "example.net"))';
  expect(envelope).toBe(`(NIL "folded subject" ${from} ${from} ${from} NIL NIL NIL NIL NIL)`);
  expect(mimeIndex).toContain('"route":"@relay.example,@other.example"');
});

test('BODYSTRUCTURE names the type of a message in base64', () => {
  const { bodyStructure } = digestOf(scan(sample('forward-base64')));
  const nobody = `(${Array.from({ length: 10 }, () => 'NIL').join(' ')})`;
  const nothing = '("text" "plain" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL)';
  expect(bodyStructure).toContain(
    `("message" "rfc822" NIL NIL NIL "base64" 436 ${nobody} ${nothing} 6 NIL NIL NIL NIL)`,
  );
});
