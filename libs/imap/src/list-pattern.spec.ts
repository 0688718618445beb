import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listPattern } from './list-pattern.ts';

const matches = (pattern: string, name: string, reference = ''): boolean | undefined =>
  listPattern(reference, pattern)?.(name);

describe('LIST patterns', () => {
  test.for<[string, string, boolean]>([
    ['*', 'a/b/c', true],
    ['%', 'a', true],
    ['%', 'a/b', false],
    ['%/%', 'a/b', true],
    ['a*', 'a', true],
    ['a*c', 'a/b/c', true],
    ['a%c', 'a/b/c', false],
    ['%b', 'ab', true],
    ['a/%', 'a', false],
    ['a/%', 'a/', true],
    ['foo', 'Foo', false],
    ['inbox', 'INBOX', true],
    ['InBox/%', 'INBOX/x', true],
    ['in%', 'INBOX', true],
    ['in%', 'invoices', true],
    ['in%', 'INVOICES', false],
    ['%*%', 'a/b', true],
    ['', '', true],
    ['', 'a', false],
    ['日%', '日本語', true],
    ['(a|b)+', '(a|b)+', true],
    ['.*', 'x', false],
    ['__proto__', '__proto__', true],
  ])('%s and %s: %s', ([pattern, name, expected]) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  test('names are found in whatever form of Unicode they are asked for', () => {
    expect(matches('Cafe\u0301', 'Caf\u00e9')).toBe(true);
    expect(matches('%/Cafe\u0301*', 'x/Caf\u00e9s')).toBe(true);
    expect(matches('Cafe%', 'Caf\u00e9')).toBe(false);
    expect(matches('\u0301/%', 'Caf\u00e9/x', 'Cafe')).toBe(true);
  });

  test('the reference stands in front', () => {
    expect(matches('%', 'Archive/2024', 'Archive/')).toBe(true);
    expect(matches('%', 'Archive/2024', 'Archive')).toBe(false);
  });

  test('too long, or too many wildcards: none', () => {
    expect(listPattern('', 'x'.repeat(1001))).toBeUndefined();
    expect(listPattern('x'.repeat(1000), '%')).toBeUndefined();
    expect(listPattern('', 'a%'.repeat(33))).toBeUndefined();
  });

  test('wildcards beside each other count once', () => {
    expect(matches('%*'.repeat(400), 'a/b')).toBe(true);
  });

  test('a name shorter than the letters of the pattern', () => {
    expect(matches(`*${'a'.repeat(900)}*`, 'a'.repeat(255))).toBe(false);
    expect(matches('i*%n%*b%o*x', 'INBOX')).toBe(true);
    expect(matches('i*%n%*b%o*x%x', 'INBOX')).toBe(false);
  });

  test('the worst case is bounded work', () => {
    const match = listPattern('', `${'*a'.repeat(31)}b`);
    const name = 'a'.repeat(255);
    for (let round = 0; round < 200; round++) expect(match?.(name)).toBe(false);
  });

  /** The rule, with backtracking. */
  function model(pattern: string, name: string): boolean {
    const [first, rest] = [pattern[0], pattern.slice(1)];
    if (first === undefined) return name === '';
    if (first !== '*' && first !== '%') return name[0] === first && model(rest, name.slice(1));
    if (model(rest, name)) return true;
    return name !== '' && (first === '*' || name[0] !== '/') && model(pattern, name.slice(1));
  }
  const text = (of: string, maxLength: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...of.split('')), maxLength });

  test('agrees with the rule', () => {
    fc.assert(
      fc.property(text('ab/*%', 8), text('ab/', 10), (pattern, name) => {
        expect(matches(pattern, name)).toBe(model(pattern, name));
      }),
      { numRuns: 2000 },
    );
  });
});
