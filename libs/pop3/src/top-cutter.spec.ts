import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TopCutter } from './top-cutter.ts';

function top(chunks: readonly string[], lines: number): string {
  const cutter = new TopCutter(lines);
  return chunks.map((chunk) => cutter.push(Buffer.from(chunk)).toString()).join('');
}

const MESSAGE = 'a: b\r\n c\r\n\r\none\r\n\r\nthree\r\nfour';

describe('TopCutter', () => {
  test.for<[number, string]>([
    [0, 'a: b\r\n c\r\n\r\n'],
    [1, 'a: b\r\n c\r\n\r\none\r\n'],
    [2, 'a: b\r\n c\r\n\r\none\r\n\r\n'],
    [3, 'a: b\r\n c\r\n\r\none\r\n\r\nthree\r\n'],
    [4, MESSAGE],
    [1000, MESSAGE],
  ])('%d lines', ([lines, expected]) => {
    expect(top([MESSAGE], lines)).toBe(expected);
  });

  test('a message without body, and one without header', () => {
    expect(top(['a: b\r\n'], 3)).toBe('a: b\r\n');
    expect(top(['\r\nbody\r\nmore\r\n'], 1)).toBe('\r\nbody\r\n');
  });

  test('says when it is done', () => {
    const cutter = new TopCutter(0);
    cutter.push(Buffer.from('a: b\r\n'));
    expect(cutter.done).toBe(false);
    cutter.push(Buffer.from('\r\nbody'));
    expect(cutter.done).toBe(true);
    expect(cutter.push(Buffer.from('more')).length).toBe(0);
  });

  test('any chunking gives the same', () => {
    const chunks = fc.array(
      fc.array(fc.constantFrom('\r\n', '\r', '\n', 'a', '\r\n\r\n'), { maxLength: 4 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(chunks, fc.nat(4), (parts, lines) => {
        expect(top(parts, lines)).toBe(top([parts.join('')], lines));
      }),
      { numRuns: 500 },
    );
  });
});
