import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeceptive, isPlainText, visible, visibleJson } from './plain-text.ts';

test.each([
  ['\u001b]0;owned\u0007', '\ufffd]0;owned\ufffd'],
  ['\u009b2J', '\ufffd2J'],
  ['a\r\nb\tc\u007f', 'a\ufffd\ufffdb\ufffdc\ufffd'],
  ['\u202egpj.exe', '\ufffdgpj.exe'],
  ['a\u200bb\u2028c\ufeff', 'a\ufffdb\ufffdc\ufffd'],
  ['\ud800', '\ufffd'],
  ['Jürgen 日本語 👩‍🚀', 'Jürgen 日本語 👩‍🚀'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

const unit = fc.constantFrom(
  ...Array.from('a"\\é😀\u001b\u0007\r\n\u0000\u0085\u009b\u007f\u202e\u2028\ufffd'),
  '\ud800',
);

test('what is shown is plain text, and as long', () => {
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const shown = visible(text);
      expect(isPlainText(shown)).toBe(true);
      expect(Array.from(shown)).toHaveLength(Array.from(text).length);
    }),
  );
});

test('JSON stays JSON of the same value, and is plain text', () => {
  fc.assert(
    fc.property(fc.string({ unit }), fc.string({ unit }), (key, text) => {
      const json = visibleJson({ [key]: text });
      expect(JSON.parse(json)).toEqual({ [key]: text });
      expect(isPlainText(json) && !Array.from(json).some((one) => isDeceptive(one.codePointAt(0) ?? 0))).toBe(true);
    }),
  );
});
