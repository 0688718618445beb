import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scan } from './scan.spec-helper.ts';
import { FieldIndex } from './field-index.ts';
import { headerFilter } from './header-fields.ts';
import type { BodySection, SectionText } from './section-spec.ts';
import { planSection, slicePartial, slicePieces, type Piece } from './section.ts';

const TRACE = Buffer.from('Return-Path: <a@b>\r\nDelivered-To: c@d\r\n');
const plain = 'Subject: one\r\nFrom: a@b\r\n\r\nhello\r\n';
const nested = [
  'Subject: outer',
  'Content-Type: multipart/mixed; boundary=A',
  '',
  'preamble',
  '--A',
  '',
  'first',
  '--A',
  'Content-Type: message/rfc822',
  'X: wrapper',
  '',
  'Subject: inner',
  'Content-Type: multipart/alternative; boundary=B',
  '',
  '--B',
  'Content-Type: text/plain',
  '',
  'inner text',
  '--B',
  'Content-Type: text/html',
  '',
  '<p>inner</p>',
  '--B--',
  '--A',
  'Content-Type: message/rfc822',
  '',
  'Subject: simple',
  '',
  'simple text',
  '--A',
  'Content-Type: multipart/mixed; boundary=C',
  '',
  '--C',
  '',
  'deep',
  '--C--',
  '--A--',
  '',
].join('\r\n');

const encodedPart = ['Content-Type: message/rfc822', 'Content-Transfer-Encoding: base64', '', 'U3ViamVjdDogeA=='].join(
  '\r\n',
);
const encoded = `Content-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\n${encodedPart}\r\n--A--\r\n`;

/** `2.1.HEADER` without its brackets. */
function section(spec: string, more: Partial<BodySection> = {}): BodySection {
  const numbers = /^[\d.]*\d/.exec(spec)?.[0] ?? '';
  const part = numbers === '' ? [] : numbers.split('.').map(Number);
  const word = spec.slice(numbers.length).replace(/^\./, '');
  return { part, text: (word === '' ? 'all' : word) as SectionText, peek: true, label: spec, ...more };
}

function fetch(message: string, spec: BodySection): string | null {
  const body = Buffer.from(message, 'latin1');
  const plan = planSection(scan(body), spec, TRACE.length);
  const join = (pieces: readonly Piece[]): Buffer =>
    Buffer.concat(pieces.map(({ from, start, end }) => (from === 'trace' ? TRACE : body).subarray(start, end)));
  if (plan.kind === 'nil') return null;
  if (plan.kind === 'fields') {
    const filtered = headerFilter(plan.names, plan.not)(new FieldIndex(join(plan.headerPieces)));
    return slicePartial(filtered, plan.partial).toString('latin1');
  }
  expect(join(plan.pieces)).toHaveLength(plan.octets);
  return join(plan.pieces).toString('latin1');
}

describe('sections', () => {
  test.for<[string, string, string | null]>([
    ['', plain, TRACE.toString() + plain],
    ['HEADER', plain, `${TRACE.toString()}Subject: one\r\nFrom: a@b\r\n\r\n`],
    ['TEXT', plain, 'hello\r\n'],
    ['1', plain, 'hello\r\n'],
    ['1.MIME', plain, `${TRACE.toString()}Subject: one\r\nFrom: a@b\r\n\r\n`],
    ['1.1', plain, null],
    ['2', plain, null],
    ['1.HEADER', plain, null],
    ['1.TEXT', plain, null],
    ['1', nested, 'first'],
    ['1.MIME', nested, '\r\n'],
    ['2.MIME', nested, 'Content-Type: message/rfc822\r\nX: wrapper\r\n\r\n'],
    ['2.HEADER', nested, 'Subject: inner\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n'],
    ['2.1', nested, 'inner text'],
    ['2.1.MIME', nested, 'Content-Type: text/plain\r\n\r\n'],
    ['2.2', nested, '<p>inner</p>'],
    ['2.3', nested, null],
    ['2.1.1', nested, null],
    ['3', nested, 'Subject: simple\r\n\r\nsimple text'],
    ['3.HEADER', nested, 'Subject: simple\r\n\r\n'],
    ['3.TEXT', nested, 'simple text'],
    ['3.1', nested, 'simple text'],
    ['3.1.MIME', nested, 'Subject: simple\r\n\r\n'],
    ['3.2', nested, null],
    ['3.1.1', nested, null],
    ['4.1', nested, 'deep'],
    ['4.1.1', nested, null],
    ['5', nested, null],
    ['4294967295', nested, null],
    ['', '', TRACE.toString()],
    ['TEXT', '', ''],
    ['TEXT', 'Subject: no body\r\n', ''],
    ['1', encoded, 'U3ViamVjdDogeA=='],
    ['1.MIME', encoded, 'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n'],
    // As BODYSTRUCTURE shows it: a message of which nothing is known.
    ['1.HEADER', encoded, ''],
    ['1.TEXT', encoded, ''],
    ['1.1', encoded, ''],
    ['1.1.1', encoded, null],
    ['1.2', encoded, null],
    ['1', encodedPart, 'U3ViamVjdDogeA=='],
    ['1.1', encodedPart, ''],
    ['1.1.1', encodedPart, null],
  ])('BODY[%s] of %j', ([spec, message, expected]) => expect(fetch(message, section(spec))).toBe(expected));

  test('the whole of an embedded message is its header and text', () => {
    expect(fetch(nested, section('2'))).toBe(
      `${fetch(nested, section('2.HEADER'))}${fetch(nested, section('2.TEXT'))}`,
    );
  });

  test('fields of the trace prefix and of embedded messages', () => {
    const fields = (spec: string, names: string[], more: Partial<BodySection> = {}): string | null =>
      fetch(nested, section(spec, { fields: names, ...more }));
    expect(fields('HEADER.FIELDS', ['subject', 'RETURN-PATH'])).toBe('Return-Path: <a@b>\r\nSubject: outer\r\n\r\n');
    expect(fields('2.HEADER.FIELDS.NOT', ['content-type'])).toBe('Subject: inner\r\n\r\n');
    expect(fields('1.HEADER.FIELDS', ['subject'])).toBeNull();
    expect(fields('HEADER.FIELDS', ['subject'], { partial: { from: 3, octets: 4 } })).toBe('ject');
    expect(fields('HEADER.FIELDS', ['subject'], { partial: { from: 100, octets: 4 } })).toBe('');
  });

  test('partial is a slice of the whole, across pieces and beyond the end', () => {
    const whole = fetch(nested, section('')) ?? '';
    fc.assert(
      fc.property(fc.nat(whole.length + 10), fc.integer({ min: 1, max: whole.length + 10 }), (from, octets) => {
        expect(fetch(nested, section('', { partial: { from, octets } }))).toBe(whole.slice(from, from + octets));
      }),
    );
    expect(fetch(nested, section('', { partial: { from: 4_294_967_295, octets: 4_294_967_295 } }))).toBe('');
    expect(fetch(nested, section('9', { partial: { from: 0, octets: 1 } }))).toBeNull();
    expect(slicePieces([], { from: 0, octets: 1 })).toEqual([]);
  });

  test('a message without part numbers needs no index', () => {
    const plan = planSection({ octets: 10, headerOctets: 4 }, section('TEXT'), 0);
    expect(plan).toEqual({ kind: 'pieces', pieces: [{ from: 'body', start: 4, end: 10 }], octets: 6 });
  });
});

const indexOf = (header: string): FieldIndex => new FieldIndex(Buffer.from(header, 'latin1'));

describe('HEADER.FIELDS', () => {
  const header = 'From: a\r\nTo: b,\r\n\tc\r\nSubject : x\r\nTO: d\r\n\r\n';
  test.for<[string, string, string[], string]>([
    [
      'any case, folded lines kept, order of the message',
      header,
      ['tO', 'FROM'],
      'From: a\r\nTo: b,\r\n\tc\r\nTO: d\r\n\r\n',
    ],
    ['white space before the colon', header, ['subject'], 'Subject : x\r\n\r\n'],
    ['none found', header, ['X-Nothing'], '\r\n'],
    ['no names', header, [], '\r\n'],
    ['names of prototypes', header, ['__proto__', 'constructor'], '\r\n'],
    ['no empty line', 'From: a\r\nTo: b', ['to'], 'To: b\r\n\r\n'],
    ['no header', '', ['to'], '\r\n'],
    ['the body is not read', 'From: a\r\n\r\nTo: x\r\n', ['to'], '\r\n'],
    ['a line that is no field', 'nonsense\r\nTo: b\r\n', ['nonsense', 'to'], 'To: b\r\n\r\n'],
  ])('%s', ([, text, names, expected]) => {
    expect(headerFilter(names, false)(indexOf(text)).toString('latin1')).toBe(expected);
  });

  test('NOT gives all the others', () => {
    const filter = headerFilter(['to'], true);
    expect(filter(indexOf(header)).toString()).toBe('From: a\r\nSubject : x\r\n\r\n');
    expect(filter(indexOf('junk\r\n more\r\nTo: x\r\n')).toString()).toBe('junk\r\n more\r\n\r\n');
  });

  test('each line goes to exactly one of the two, whatever the octets', () => {
    const token = fc.constantFrom('To', 'cc', ':', ' ', '\t', '\r\n', '\n', '\r', 'x', '\0', '\xe4');
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (tokens) => {
        const index = indexOf(tokens.join(''));
        const some = headerFilter(['to', 'cc'], false)(index);
        const others = headerFilter(['to', 'cc'], true)(index);
        expect(some.toString('latin1').endsWith('\r\n')).toBe(true);
        expect(some.length + others.length).toBeLessThanOrEqual(index.header.length + 6);
      }),
    );
  });
});
