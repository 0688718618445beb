import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DotStuffer } from './dot-stuffer.ts';
import { DotUnstuffer } from './dot-unstuffer.ts';

/** Pushes the pieces; the message so far, and what followed its end. */
function run(pieces: readonly Buffer[]): { message: string; rest: string | undefined } {
  const unstuffer = new DotUnstuffer();
  let message = '';
  for (const [at, piece] of pieces.entries()) {
    const { octets, rest } = unstuffer.push(piece);
    message += octets.toString('latin1');
    if (rest) return { message, rest: Buffer.concat([rest, ...pieces.slice(at + 1)]).toString('latin1') };
  }
  return { message, rest: undefined };
}

const cut = (text: string, at: number): Buffer[] => [
  Buffer.from(text.slice(0, at), 'latin1'),
  Buffer.from(text.slice(at), 'latin1'),
];

test.for<[string, string, string | undefined]>([
  ['.\r\nNEXT', '', 'NEXT'],
  ['a\r\n.\r\n', 'a\r\n', ''],
  ['..\r\n.\r\nQUIT', '.\r\n', 'QUIT'],
  ['...x\r\n.y\r\n.\r\n', '..x\r\ny\r\n', ''],
  ['a\r\n\r\n.\r\n.\r\n', 'a\r\n\r\n', '.\r\n'],
  // Look-alikes of the end: all of them are content.
  ['a\n.\nb', 'a\n.\nb', undefined],
  ['a\n.\r\nb', 'a\n.\r\nb', undefined],
  ['a\r.\r\nb', 'a\r.\r\nb', undefined],
  ['a\r\n.\nb', 'a\r\n\nb', undefined],
  ['a\r\n.\rb', 'a\r\n\rb', undefined],
  ['a\r\n.\r\rb', 'a\r\n\r\rb', undefined],
  ['a\r\n.\0\r\nb', 'a\r\n\0\r\nb', undefined],
  ['\r\r\n.\r\n', '\r\r\n', ''],
])('%j', ([sent, message, rest]) => {
  for (let at = 0; at <= sent.length; at++) expect(run(cut(sent, at)), `cut at ${at}`).toEqual({ message, rest });
  expect(run([...sent].map((character) => Buffer.from(character, 'latin1'))), 'octet by octet').toEqual({
    message,
    rest,
  });
});

test('what DotStuffer makes of any message comes back, however the octets are cut', () => {
  const octets = fc
    .array(fc.constantFrom('.', '\r\n', 'x', '\r', '\n', 'yz'), { maxLength: 40 })
    .map((parts) => Buffer.from(parts.join('')));
  fc.assert(
    fc.property(octets, fc.array(fc.nat(60), { maxLength: 6 }), (message, cuts) => {
      const stuffer = new DotStuffer();
      const sent = Buffer.concat([stuffer.push(message), stuffer.end(), Buffer.from('NOOP\r\n')]);
      const at = [0, ...cuts.map((cut) => Math.min(cut, sent.length)).sort((a, b) => a - b), sent.length];
      const pieces = at.slice(1).map((end, index) => sent.subarray(at[index], end));
      const { message: back, rest } = run(pieces);
      const whole = message.toString('latin1');
      expect(back).toBe(whole.endsWith('\r\n') || whole === '' ? whole : `${whole}\r\n`);
      expect(rest).toBe('NOOP\r\n');
    }),
  );
});

test('any octets in any pieces give the same message and rest', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(46, 13, 10, 97), { maxLength: 60 }), fc.nat(60), (octets, at) => {
      const sent = Buffer.from(octets);
      expect(run([sent.subarray(0, at), sent.subarray(at)])).toEqual(run([sent]));
    }),
  );
});
