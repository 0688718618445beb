import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CrlfEnds } from './crlf-ends.ts';

const mended = (...chunks: readonly string[]): string => {
  const ends = new CrlfEnds();
  return Buffer.concat(chunks.map((chunk) => ends.push(Buffer.from(chunk, 'latin1')))).toString('latin1');
};

test.for<[string, string]>([
  ['a\nb\n', 'a\r\nb\r\n'],
  ['a\r\nb\r\n', 'a\r\nb\r\n'],
  ['\n\n', '\r\n\r\n'],
  ['a\rb\r', 'a\rb\r'],
  ['\r\r\n', '\r\r\n'],
  ['\n.\n', '\r\n.\r\n'],
  ['', ''],
])('%j becomes %j', ([given, expected]) => {
  expect(mended(given)).toBe(expected);
});

test('wherever it is cut: no LF is bare, nothing else changes, and a second time changes nothing', () => {
  const octets = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '.'), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(octets, { maxLength: 8 }), (chunks) => {
      const whole = chunks.join('');
      const result = mended(...chunks);
      expect(result).toBe(whole.replaceAll(/(?<!\r)\n/g, '\r\n'));
      expect(mended(result)).toBe(result);
    }),
  );
});

test('what needs nothing is not copied', () => {
  const chunk = Buffer.from('a\r\nb');
  expect(new CrlfEnds().push(chunk)).toBe(chunk);
});
