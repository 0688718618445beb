import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DotStuffer } from './dot-stuffer.ts';
import { LinePosition } from './line-position.ts';

const after = (chunks: readonly Buffer[]): LinePosition['at'] => {
  const position = new LinePosition();
  for (const chunk of chunks) position.pass(chunk);
  return position.at;
};

test.for<[string, LinePosition['at']]>([
  ['', 'line-start'],
  ['\r\n', 'line-start'],
  ['a\r\n', 'line-start'],
  ['a', 'inside'],
  ['a\r', 'cr'],
  ['a\n', 'inside'],
  ['\n', 'inside'],
  ['\r\n\n', 'inside'],
  ['\r\r\n', 'line-start'],
])('%j ends %s', ([text, expected]) => {
  expect(after([Buffer.from(text)])).toBe(expected);
});

test('is the same for any chunking, and a stuffer adds a CRLF anywhere but at a line’s start', () => {
  const octets = fc.array(fc.constantFrom(...Buffer.from('a.\r\n')), { maxLength: 12 }).map((all) => Buffer.from(all));
  fc.assert(
    fc.property(fc.array(octets, { maxLength: 6 }), (chunks) => {
      const whole = Buffer.concat(chunks);
      expect(after(chunks)).toBe(after([whole]));
      const stuffer = new DotStuffer();
      stuffer.push(whole);
      expect(stuffer.end().length).toBe(after(chunks) === 'line-start' ? 3 : 5);
    }),
  );
});
