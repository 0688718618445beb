import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finder } from './finder.ts';
import { allSteps } from './steps.spec-helper.ts';
import { STEP_OCTETS } from './steps.ts';

const few = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 300 });
const holds = (wanted: string, text: string): boolean => allSteps(finder(wanted)(text)).result;

test('finds what includes() finds, in texts full of periods too', () => {
  fc.assert(
    fc.property(few, few, few, fc.boolean(), (before, wanted, after, present) => {
      const text = before + (present ? wanted : '') + after;
      const long = wanted + 'ab'.repeat(70);
      expect(holds(wanted, text)).toBe(text.includes(wanted));
      expect(holds(long, before + long + after)).toBe(true);
      expect(holds(long, text)).toBe(text.includes(long));
    }),
  );
});

test('finds what lies across the ends of steps', () => {
  const lengths = fc.integer({ min: STEP_OCTETS - 400, max: STEP_OCTETS + 10 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 400 }), (before, length) => {
      const wanted = `${'a'.repeat(length)}b`;
      expect(holds(wanted, `${'a'.repeat(before)}${wanted}a`)).toBe(true);
      expect(holds(wanted, 'a'.repeat(before + length))).toBe(false);
    }),
  );
});

test('sixty thousand letters in four million, each nearly matching: one look at each letter, in steps', () => {
  const wanted = `${'a'.repeat(30_000)}b${'a'.repeat(30_000)}`;
  const text = 'a'.repeat(4 * 1024 * 1024);
  const { result, turns } = allSteps(finder(wanted)(text));
  expect(result).toBe(false);
  expect(turns).toBeGreaterThanOrEqual(text.length / STEP_OCTETS - 1);
  expect(turns).toBeLessThanOrEqual(2 * (text.length / STEP_OCTETS));
});
