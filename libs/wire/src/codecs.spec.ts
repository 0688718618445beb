import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64 } from './base64.ts';
import { decodePlain, MAX_SASL_PLAIN } from './sasl-plain.ts';
import { decodeXtext } from './xtext.ts';

/** The text's UTF-8 octets as xtext. */
function encodeXtext(text: string): string {
  let xtext = '';
  for (const octet of Buffer.from(text, 'utf8')) {
    xtext +=
      octet > 0x20 && octet < 0x7f && octet !== 0x2b && octet !== 0x3d
        ? String.fromCharCode(octet)
        : `+${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return xtext;
}

describe('base64', () => {
  test.for<[string, string | undefined]>([
    ['', ''],
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['YQ', undefined],
    ['YQ=', undefined],
    ['=', undefined],
    ['====', undefined],
    ['Y===', undefined],
    ['Y Q=', undefined],
    ['YQ==YQ==', undefined],
    ['YW-_', undefined],
    ['YWJ\u0100', undefined],
    ['*', undefined],
  ])('%j', ([text, expected]) => {
    expect(decodeBase64(text)?.toString()).toBe(expected);
  });

  test('round trip', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        expect(decodeBase64(Buffer.from(octets).toString('base64'))).toEqual(Buffer.from(octets));
      }),
    );
  });

  test('total: octets or undefined', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const octets = decodeBase64(text);
        expect(octets === undefined || octets.length <= text.length).toBe(true);
      }),
    );
  });
});

const plain = (text: string): unknown => decodePlain(Buffer.from(text));

describe('SASL PLAIN', () => {
  test('both forms', () => {
    expect(plain('\0alice\0secret word')).toEqual({ authzid: '', authcid: 'alice', password: 'secret word' });
    expect(plain('bob\0alice\0ö')).toEqual({ authzid: 'bob', authcid: 'alice', password: 'ö' });
  });
  test.for(['', 'alice', '\0alice', '\0alice\0', '\0\0secret', '\0a\0b\0c', '\0a\0b\0'])('%j is none', (text) => {
    expect(plain(text)).toBeUndefined();
  });
  test('bad UTF-8 is none', () => {
    expect(decodePlain(Buffer.from([0, 0x61, 0, 0xff]))).toBeUndefined();
  });
  test('a password of 10,000 characters passes, one over the limit does not', () => {
    expect(decodePlain(Buffer.from(`\0a\0${'x'.repeat(10_000)}`))?.password).toHaveLength(10_000);
    expect(decodePlain(Buffer.from(`\0a\0${'x'.repeat(MAX_SASL_PLAIN)}`))).toBeUndefined();
  });
});

describe('xtext', () => {
  test.for<[string, string | undefined]>([
    ['', ''],
    ['QQ314159', 'QQ314159'],
    ['a+2Bb+3Dc', 'a+b=c'],
    ['a+20b', 'a b'],
    ['+0D+0A', '\r\n'],
    ['+C3+B6', 'ö'],
    ['+', undefined],
    ['+2', undefined],
    ['+2b', undefined],
    ['+GG', undefined],
    ['a=b', undefined],
    ['a b', undefined],
    ['ö', undefined],
    ['+FF', undefined],
  ])('%j', ([xtext, expected]) => {
    expect(decodeXtext(xtext)).toBe(expected);
  });

  test('round trip of any text, in octets that may stand in a parameter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const xtext = encodeXtext(text);
        expect(xtext).toMatch(/^[\x21-\x7e]*$/);
        expect(decodeXtext(xtext)).toBe(text);
      }),
    );
  });
});
