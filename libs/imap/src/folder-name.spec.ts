import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalInbox, decodeFolderName, encodeFolderName, folderNameFlaw } from './folder-name.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';

describe('modified UTF-7', () => {
  test.for<[string, string]>([
    ['', ''],
    ['INBOX', 'INBOX'],
    ['Hello, World', 'Hello, World'],
    ['A&B', 'A&-B'],
    ['&', '&-'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['☺!', '&Jjo-!'],
    ['😀', '&2D3eAA-'],
    ['__proto__', '__proto__'],
  ])('%s is %s', ([name, wire]) => {
    expect(encodeModifiedUtf7(name)).toBe(wire);
    expect(decodeModifiedUtf7(wire)).toBe(name);
  });

  test.for([
    ['an unended shift', '&Jjo'],
    ['an ampersand alone', 'R&D'],
    ['a null shift', '&Jjo-&ZeU-'],
    ['ASCII in base64', '&AEE-'],
    ['an ampersand in base64', '&ACY-'],
    ['stray bits', '&Jjp-'],
    ['half a unit', '&Jj-'],
    ['padding', '&Jjo=-'],
    ['a slash in base64', '&U/BTFw-'],
    ['no base64', '&!!!!-'],
    ['half a surrogate pair', '&2D0-'],
    ['the halves exchanged', '&3gDYPQ-'],
    ['8-bit octets', '\xc3\xa9'],
    ['a control character', 'a\x01b'],
    ['DEL', '\x7f'],
  ])('%s is refused', ([, wire]) => {
    expect(decodeModifiedUtf7(wire!)).toBeUndefined();
  });

  test('round trip, in printable US-ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (name) => {
        const wire = encodeModifiedUtf7(name);
        expect(wire).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeModifiedUtf7(wire)).toBe(name);
      }),
      { numRuns: 300 },
    );
  });

  test('total, and one wire form for each name', () => {
    const piece = fc.constantFrom('&', '-', 'Jjo', 'ZeU', 'a', ',', '/', '=', '\xff', '&-', '2D3eAA');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const wire = pieces.join('');
        const name = decodeModifiedUtf7(wire);
        if (name !== undefined) expect(encodeModifiedUtf7(name)).toBe(wire);
        else expect(name).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('folder names', () => {
  test.for<[string, string]>([
    ['inbox', 'INBOX'],
    ['InBoX/Sub', 'INBOX/Sub'],
    ['inboxes', 'inboxes'],
    ['a/inbox', 'a/inbox'],
    ['&ATE-nbox', 'ınbox'],
  ])('%s is %s', ([wire, name]) => {
    expect(decodeFolderName(wire)).toEqual({ name });
    expect(decodeFolderName(encodeFolderName(name))).toEqual({ name });
  });

  test.for<[string, string, string | undefined]>([
    ['255 characters', 'x'.repeat(255), undefined],
    ['256 characters', 'x'.repeat(256), 'too-long'],
    ['250 characters of 4 octets', '😀'.repeat(250), undefined],
    ['251 characters of 4 octets', '😀'.repeat(251), 'too-long'],
    ['20 levels', `${'x/'.repeat(19)}x`, undefined],
    ['21 levels', `${'x/'.repeat(20)}x`, 'too-deep'],
    ['nothing', '', 'empty-level'],
    ['a separator first', '/a', 'empty-level'],
    ['a separator last', 'a/', 'empty-level'],
    ['two separators', 'a//b', 'empty-level'],
    ['a line end', 'a\r\nb', 'control-character'],
    ['NUL', 'a\0', 'control-character'],
    ['a C1 control', 'a\u0085', 'control-character'],
    ['dots mean nothing', '../..', undefined],
    ['the name of an object property', '__proto__/constructor', undefined],
  ])('%s', ([, name, flaw]) => {
    expect(folderNameFlaw(name)).toBe(flaw);
  });

  test('bad encoding', () => {
    expect(decodeFolderName('&')).toEqual({ flaw: 'encoding' });
    expect(decodeFolderName('&AAA-')).toEqual({ flaw: 'control-character' });
  });

  test('INBOX stays what it is', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(canonicalInbox(canonicalInbox(name))).toBe(canonicalInbox(name));
      }),
    );
  });
});
