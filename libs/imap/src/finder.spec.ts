import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finder } from './finder.ts';

const few = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 300 });

test('finds what includes() finds, in texts full of periods too', () => {
  fc.assert(
    fc.property(few, few, few, fc.boolean(), (before, wanted, after, present) => {
      const text = before + (present ? wanted : '') + after;
      const long = wanted + 'ab'.repeat(70);
      expect(finder(wanted)(text)).toBe(text.includes(wanted));
      expect(finder(long)(before + long + after)).toBe(true);
      expect(finder(long)(text)).toBe(text.includes(long));
    }),
  );
});

test('sixty thousand letters in four million, each nearly matching, are a matter of milliseconds', () => {
  const wanted = `${'a'.repeat(30_000)}b${'a'.repeat(30_000)}`;
  expect(finder(wanted)('a'.repeat(4 * 1024 * 1024))).toBe(false);
});
