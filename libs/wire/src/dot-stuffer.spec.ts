import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DotStuffer } from './dot-stuffer.ts';

const stuff = (chunks: readonly string[]): string => {
  const stuffer = new DotStuffer();
  const parts = chunks.map((chunk) => stuffer.push(Buffer.from(chunk, 'latin1')));
  return Buffer.concat([...parts, stuffer.end()]).toString('latin1');
};

/** What a receiver does: RFC 5321 4.5.2. */
const unstuff = (wire: string): string =>
  wire
    .slice(0, -'.\r\n'.length)
    .split('\r\n')
    .map((line) => (line.startsWith('.') ? line.slice(1) : line))
    .join('\r\n');

describe('DotStuffer', () => {
  test.for<[string, string[], string]>([
    ['an empty message', [], '.\r\n'],
    ['no dots', ['a\r\nb\r\n'], 'a\r\nb\r\n.\r\n'],
    ['a missing last CRLF', ['a'], 'a\r\n.\r\n'],
    ['a last CR alone', ['a\r'], 'a\r\r\n.\r\n'],
    ['a dot first', ['.a\r\n'], '..a\r\n.\r\n'],
    ['a line of one dot', ['a\r\n.\r\nb\r\n'], 'a\r\n..\r\nb\r\n.\r\n'],
    ['neighbouring dot lines', ['.\r\n.\r\n..\r\n'], '..\r\n..\r\n...\r\n.\r\n'],
    ['a border before the dot', ['a\r\n', '.b\r\n'], 'a\r\n..b\r\n.\r\n'],
    ['a border inside CRLF', ['a\r', '\n.b\r\n'], 'a\r\n..b\r\n.\r\n'],
    ['one octet at a time', ['a', '\r', '\n', '.', '\r', '\n'], 'a\r\n..\r\n.\r\n'],
    ['an LF alone starts no line', ['a\n.b\r\n'], 'a\n.b\r\n.\r\n'],
    ['an LF alone at a border starts no line', ['a\n', '.b\r\n'], 'a\n.b\r\n.\r\n'],
    ['a dot inside a line', ['a.b\r\n'], 'a.b\r\n.\r\n'],
  ])('%s', ([, chunks, expected]) => {
    expect(stuff(chunks)).toBe(expected);
  });

  test('returns the same chunk when there is nothing to do', () => {
    const stuffer = new DotStuffer();
    const chunk = Buffer.from('a\r\nb.\r\n');
    expect(stuffer.push(chunk)).toBe(chunk);
  });

  test('round trip for any chunking, and only the last line is a single dot', () => {
    const chunks = fc.array(
      fc.array(fc.constantFrom('.', '\r\n', '\r', '\n', 'a', '..'), { maxLength: 6 }).map((p) => p.join('')),
    );
    fc.assert(
      fc.property(chunks, (parts) => {
        const message = parts.join('');
        const wire = stuff(parts);
        expect(unstuff(wire)).toBe(message === '' || message.endsWith('\r\n') ? message : `${message}\r\n`);
        expect(`\r\n${wire}`.indexOf('\r\n.\r\n')).toBe(wire.length - 3);
      }),
      { numRuns: 500 },
    );
  });
});
