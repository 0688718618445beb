import { Buffer } from 'node:buffer';
import iconv from 'iconv-lite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHARSET_LABELS } from './charset-labels.ts';
import { charsetOf } from './charset-names.ts';
import { decoderFor, decoderOf } from './charset.ts';

test.for<[string, string]>([
  ['cp932', 'shift_jis'],
  ['CP-932', 'shift_jis'],
  ['x-ms-cp932', 'shift_jis'],
  ['windows-932', 'shift_jis'],
  ['Shift-JIS', 'shift-jis'],
  ['"shift_jis"', 'shift-jis'],
  ['cp936', 'gbk'],
  ['MS949', 'euc-kr'],
  ['ks_c_5601', 'euc-kr'],
  ['cp949', 'euc-kr'],
  ['EUC_JP', 'euc-jp'],
  ['eucJP', 'euc-jp'],
  ['iso-2022-jp-ms', 'iso-2022-jp'],
  ['cp50220', 'iso-2022-jp'],
  ['cp950', 'big5'],
  ['win-1251', 'windows-1251'],
  ['windows1251', 'windows-1251'],
  ['cp-1252', 'windows-1252'],
  ['windows-1252http', 'windows-1252'],
  ['latin-1', 'latin1'],
  ['latin-9', 'iso-8859-15'],
  ['ISO8859_15', 'iso-8859-15'],
  ['iso-8859-1:1987', 'iso-8859-1'],
  ['8859-2', 'iso-8859-2'],
  ['utf_8', 'utf8'],
  ['x-utf-8', 'utf8'],
  ['utf8mb4', 'utf-8'],
  ['cp65001', 'utf-8'],
  ['unicode-1-1-utf-7', 'utf7'],
  ['UTF-7', 'utf7'],
  ['koi8r', 'koi8-r'],
  ['IBM850', 'cp850'],
  ['cp437', 'cp437'],
  ['cp00858', 'cp858'],
  ['x-mac-ce', 'maccenteuro'],
  ['x-mac-roman', 'x-mac-roman'],
])('%s is %s', ([label, charset]) => {
  expect(charsetOf(label)).toBe(charset);
  expect(decoderOf(label)).toBeDefined();
});

test.for([
  '',
  'x-unknown',
  'hex',
  'base64',
  'utf7imap',
  '__proto__',
  'constructor',
  'cp',
  'cp99999',
  'iso-8859-99',
  '8bit',
  'x'.repeat(10_000),
])('nobody knows %j', (label) => expect(decoderOf(label)).toBeUndefined());

test.for<[string, Buffer, string]>([
  ['cp932', Buffer.from([0x8c, 0xa9, 0x90, 0xcf, 0x8f, 0x91]), '見積書'],
  ['utf-7', Buffer.from('Hi Mom -+Jjo--!'), 'Hi Mom -☺-!'],
  ['cp850', Buffer.from([0x81, 0x94, 0x84]), 'üöä'],
  ['ibm437', Buffer.from([0xe1]), 'ß'],
])('%s decodes, whole and in pieces', ([label, octets, text]) => {
  expect(decoderOf(label)?.decode(octets)).toBe(text);
  const decoder = decoderFor(octets, label);
  let pieces = '';
  for (const octet of octets) pieces += decoder.decode(Buffer.of(octet), { stream: true });
  expect(pieces + decoder.decode()).toBe(text);
  // It begins anew.
  expect(decoderOf(label)?.decode(octets)).toBe(text);
});

test('every label of the platform and every table decodes any octets', () => {
  const tables = ['utf7', 'utf32', 'cp437', 'cp850', 'koi8t', 'tcvn', 'viscii'];
  fc.assert(
    fc.property(fc.constantFrom(...CHARSET_LABELS, ...tables), fc.uint8Array(), (label, octets) => {
      expect(decoderOf(label)?.decode(octets)).toBeTypeOf('string');
    }),
  );
  for (const name of tables) expect(iconv.encodingExists(name)).toBe(true);
});
