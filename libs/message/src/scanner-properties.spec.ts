import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageScanner, type Part } from './index.ts';
import { crlf, inner, outer, rfc822, scan } from './scan.spec-helper.ts';

/** Pieces that MIME is made of, so that random messages hit the interesting lines. */
const soup = fc
  .array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constantFrom(
          outer,
          inner,
          rfc822,
          '--out\n',
          '--in\n',
          '--out--\n',
          '--in--\n',
          '\n',
          'text\n',
          'Subject: x\n',
          '-',
          '--',
          '\r',
          'To: a@b\n',
          ' fold\n',
          'Content-Type: multipart/digest; boundary=dig\n',
          '--dig\n',
        ),
      },
      fc.string({ maxLength: 20 }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => crlf(pieces.join('')));

/** Ranges lie within [from, to), in order. */
function expectNested(part: Part, from: number, to: number): void {
  expect(part.header[0]).toBeGreaterThanOrEqual(from);
  expect(part.header[1]).toBeGreaterThanOrEqual(part.header[0]);
  expect(part.body[0]).toBe(part.header[1]);
  expect(part.body[1]).toBeGreaterThanOrEqual(part.body[0]);
  expect(part.body[1]).toBeLessThanOrEqual(to);
  let at = part.body[0];
  for (const child of part.message ? [part.message.root] : part.parts) {
    expectNested(child, at, part.body[1]);
    at = child.body[1];
  }
}

function expectLines(message: Buffer, part: Part): void {
  expect(part.lines).toBe(message.toString('latin1', ...part.body).split('\n').length - 1);
  for (const child of part.message ? [part.message.root] : part.parts) expectLines(message, child);
}

describe('properties', () => {
  test('any octets give an index over all of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        const index = scan(Buffer.from(octets));
        expect(index.root.header[0]).toBe(0);
        expect(index.root.body[1]).toBe(octets.length);
      }),
    );
  });

  test('any chunking gives the same index', () => {
    fc.assert(
      fc.property(soup, fc.array(fc.nat(30), { maxLength: 30 }), (message, cuts) => {
        const scanner = new MessageScanner();
        let at = 0;
        for (const cut of cuts) {
          scanner.write(message.subarray(at, at + cut));
          at = Math.min(message.length, at + cut);
        }
        scanner.write(message.subarray(at));
        const whole = scan(message);
        expect(scanner.end()).toEqual(whole);
        expect(scan(message, 1)).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('parts lie within their parent, in order, and their lines are counted', () => {
    fc.assert(
      fc.property(soup, (message) => {
        const { root } = scan(message);
        expectNested(root, 0, message.length);
        expectLines(message, root);
      }),
      { numRuns: 500 },
    );
  });

  test('a chunk may be overwritten after it was taken', () => {
    const message = crlf(`${outer}--out\n${rfc822}Subject: a\n\nA\n--out--\n`);
    const scanner = new MessageScanner();
    const buffer = Buffer.alloc(5);
    for (let at = 0; at < message.length; at += 5)
      scanner.write(buffer.subarray(0, message.copy(buffer, 0, at, at + 5)));
    expect(scanner.end()).toEqual(scan(message));
  });
});
