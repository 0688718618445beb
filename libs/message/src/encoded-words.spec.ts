import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEncodedWords } from './index.ts';

test.for<[string, string, string]>([
  ['plain text', 'hello', 'hello'],
  ['Q', '=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus?= Kiel', 'Grüße aus Kiel'],
  ['B', '=?utf-8?B?R3LDvMOfZQ==?=', 'Grüße'],
  ['latin1', '=?iso-8859-1?q?caf=E9?=', 'café'],
  ['windows-1252', '=?Windows-1252?q?=80_5?=', '€ 5'],
  ['US-ASCII', '=?us-ascii?q?a?=', 'a'],
  ['a language', '=?utf-8*de?q?=C3=BC?=', 'ü'],
  ['space between two words is not shown', '=?utf-8?q?a?= \t =?utf-8?q?b?=', 'ab'],
  ['space around text is', 'x =?utf-8?q?a?= y =?utf-8?q?b?= z', 'x a y b z'],
  ['a letter cut in two', '=?utf-8?q?=C3?= =?utf-8?q?=BC?=', 'ü'],
  ['two charsets', '=?utf-8?q?=C3=BC?= =?iso-8859-1?q?=FC?=', 'üü'],
  ['an unknown charset stays', '=?x-klingon?q?a?= =?utf-8?q?b?=', '=?x-klingon?q?a?= b'],
  ['__proto__ is an unknown charset', '=?__proto__?q?a?=', '=?__proto__?q?a?='],
  ['an unknown encoding stays', '=?utf-8?x?a?=', '=?utf-8?x?a?='],
  ['broken words stay', '=?utf-8?q?a =?utf-8?q =?', '=?utf-8?q?a =?utf-8?q =?'],
  ['broken hex stays', '=?utf-8?q?=ZZ=4?=', '=ZZ=4'],
  ['broken UTF-8 is marked', '=?utf-8?q?=FF?=', '\ufffd'],
  ['raw UTF-8', 'Gr\xc3\xbc\xc3\x9fe', 'Grüße'],
  ['raw latin1', 'caf\xe9', 'café'],
  ['raw and encoded', 'caf\xe9 =?utf-8?q?=C3=BC?=', 'café ü'],
])('%s', ([, text, expected]) => {
  expect(decodeEncodedWords(text)).toBe(expected);
});

test('total and bounded', () => {
  const noise = fc.array(fc.constantFrom('=?', '?=', 'utf-8', '?q?', '?B?', 'a', ' ', '=C3', '=', '\xc3', '?', '_'), {
    maxLength: 50,
  });
  fc.assert(
    fc.property(noise, (pieces) => {
      expect(decodeEncodedWords(pieces.join('')).length).toBeLessThanOrEqual(pieces.join('').length);
    }),
    { numRuns: 1000 },
  );
  expect(decodeEncodedWords('=?utf-8?q?'.repeat(100_000))).toHaveLength(8192);
  expect(decodeEncodedWords('=?utf-8?q?a?= '.repeat(100_000)).length).toBeLessThan(8192);
});
