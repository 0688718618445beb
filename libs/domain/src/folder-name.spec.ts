import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  MAX_FOLDER_LEVEL_OCTETS,
  MAX_FOLDER_LEVELS,
  MAX_FOLDER_NAME_OCTETS,
  parseFolderName,
  superiors,
} from './folder-name.ts';

test.each([
  ['INBOX', 'INBOX'],
  ['iNbOx', 'INBOX'],
  ['inbox/Sub', 'INBOX/Sub'],
  ['a/inbox', 'a/inbox'],
  ['Work/', 'Work'],
  ['__proto__', '__proto__'],
  ['Cafe\u0301', 'Caf\u00e9'],
  ['a b\\c"d', 'a b\\c"d'],
  ['x'.repeat(255), 'x'.repeat(255)],
])('%j is the folder %j', (text, name) => {
  expect(parseFolderName(text)).toBe(name);
});

test.each([
  [''],
  ['/'],
  ['/a'],
  ['a//b'],
  ['a//'],
  ['a\u0000b'],
  ['a\r\nb'],
  ['a\u007f'],
  ['a\u0085'],
  ['a\ud800'],
  ['\udc00\ud800'],
  ['a*'],
  ['100%'],
  ['x'.repeat(MAX_FOLDER_LEVEL_OCTETS + 1)],
  ['é'.repeat(MAX_FOLDER_LEVEL_OCTETS / 2 + 1)],
  ['x'.repeat(1000)],
  ['x/'.repeat(MAX_FOLDER_LEVELS) + 'x'],
  [Array.from({ length: 5 }, () => 'x'.repeat(250)).join('/')],
])('%j is no folder', (text) => {
  expect(parseFolderName(text)).toBeUndefined();
});

test('any text: a name that is its own stored form, within the limits, or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 1200 }), (text) => {
      const name = parseFolderName(text);
      if (name === undefined) return;
      expect(parseFolderName(name)).toBe(name);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_FOLDER_NAME_OCTETS);
      expect(Buffer.from(name).toString()).toBe(name);
      for (const superior of superiors(name)) expect(parseFolderName(superior)).toBe(superior);
    }),
  );
});

test('superiors, outermost first', () => {
  const name = parseFolderName('a/b/c');
  expect(name && superiors(name)).toEqual(['a', 'a/b']);
});
