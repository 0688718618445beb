import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineCutter } from './line-cutter.ts';

/** @param pull how many lines are pulled behind each chunk; the rest at the end */
const cut = (chunks: readonly string[], limit = 10, pull = Infinity): string[] => {
  const cutter = new LineCutter(limit);
  const lines = chunks.flatMap((chunk) => {
    cutter.push(Buffer.from(chunk, 'latin1'));
    return pulled(cutter, pull);
  });
  return [...lines, ...pulled(cutter)];
};
function pulled(cutter: LineCutter, most = Infinity): string[] {
  const lines: string[] = [];
  while (lines.length < most) {
    const line = cutter.next();
    if (line === undefined) break;
    lines.push(shown(line));
  }
  return lines;
}
const shown = (line: Buffer | 'too-long'): string => (line === 'too-long' ? '<too long>' : line.toString('latin1'));

/** The rule, written the slow way. */
function model(text: string, limit: number): string[] {
  const lines = text.split('\n');
  const open = lines.pop() ?? '';
  const closed = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const shortened = closed.map((line) => (line.length > limit ? '<too long>' : line));
  const openIsOver = open.length > limit + 1 || (open.length === limit + 1 && !open.endsWith('\r'));
  return openIsOver ? [...shortened, '<too long>'] : shortened;
}

describe('LineCutter', () => {
  test.for<[string, string[], string[]]>([
    ['two lines in a chunk', ['NOOP\r\nQUIT\r\n'], ['NOOP', 'QUIT']],
    ['a line in three chunks', ['NO', 'OP', '\r\n'], ['NOOP']],
    ['CR and LF in different chunks', ['NOOP\r', '\nQUIT\r', '\n'], ['NOOP', 'QUIT']],
    ['bare LF', ['NOOP\nQUIT\n'], ['NOOP', 'QUIT']],
    ['only the last CR belongs to the line end', ['a\r\r\n'], ['a\r']],
    ['an empty line', ['\r\n\n'], ['', '']],
    ['exactly the limit', ['0123456789\r\n'], ['0123456789']],
    ['exactly the limit, CR apart', ['0123456789\r', '\n'], ['0123456789']],
    ['one over', ['01234567890\r\nNOOP\r\n'], ['<too long>', 'NOOP']],
    ['over before its end has come', ['01234567890'], ['<too long>']],
    ['the rest of a long line is discarded', ['0123456789', '0123456789', '\r\nNOOP\r\n'], ['<too long>', 'NOOP']],
    ['nothing yet', ['NOOP'], []],
  ])('%s', ([, chunks, expected]) => {
    expect(cut(chunks)).toEqual(expected);
  });

  test('gives the same lines for any chunking, however they are pulled', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', '\r', '\n', '\r\n', 'abc'), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        text,
        fc.array(fc.nat(100)),
        fc.integer({ min: 0, max: 8 }),
        fc.nat(4),
        (whole, cuts, limit, pull) => {
          const at = [...new Set([0, ...cuts.filter((c) => c < whole.length)])].toSorted((a, b) => a - b);
          const chunks = at.map((from, index) => whole.slice(from, at[index + 1] ?? whole.length));
          expect(cut(chunks, limit, pull)).toEqual(model(whole, limit));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('holds nothing between lines, and never more than the limit allows', () => {
    const cutter = new LineCutter(1000);
    cutter.push(Buffer.from('NOOP\r\n'));
    expect([pulled(cutter), cutter.pending]).toEqual([['NOOP'], false]);
    cutter.push(Buffer.from('half'));
    expect([pulled(cutter), cutter.pending]).toEqual([[], true]);
    cutter.push(Buffer.from('\n'));
    expect([pulled(cutter), cutter.pending]).toEqual([['half'], false]);
  });

  test('keeps its own copy of an incomplete line', () => {
    const cutter = new LineCutter(10);
    const chunk = Buffer.from('NO');
    cutter.push(chunk);
    expect(cutter.next()).toBeUndefined();
    chunk.fill('x');
    cutter.push(Buffer.from('OP\n'));
    expect(pulled(cutter)).toEqual(['NOOP']);
  });
});
