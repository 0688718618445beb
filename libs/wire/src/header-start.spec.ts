import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeaderStart } from './index.ts';

function through(chunks: readonly string[]): string {
  const start = new HeaderStart();
  const passed = chunks.map((chunk) => start.push(Buffer.from(chunk, 'latin1')).toString('latin1'));
  return passed.join('') + start.end().toString('latin1');
}

/** RFC 5322 2.1.1 */
const LINE = 998;
const LONGEST = 'x'.repeat(LINE);

const AS_THEY_ARE = [
  '',
  '\r\n',
  '\r\nSubject: in the body\r\n',
  'Subject: x\r\n\r\nbody\r\n',
  'Subject \t: x\r\n',
  'X-Empty:\r\n',
  'http://example.org/ is a field, as far as anybody can tell\r\n',
  "!#$%&'*+-/=?^_`{|}~.:\r\n",
  `${LONGEST.slice(1)}:\r\n`,
  'From: a@b.example\r\n',
  'From : a@b.example\r\n',
  'From a@b.example Mon Jun  1 10:15:00 2026\r\nSubject: x\r\n\r\nbody\r\n',
  '>From a@b.example Mon Jun  1 10:15:00 2026\r\nSubject: x\r\n\r\nbody\r\n',
  `From ${LONGEST.slice(5)}\r\n${LONGEST.slice(1)}:\r\n`,
];

const BODIES = [
  'Hello there, no header\r\nSecond line',
  'Dear all: this is text\r\n',
  'word\r\nSubject: too late\r\n',
  'word',
  ' Subject: folded into nothing\r\nFrom: a@b.example\r\n',
  '\tfor <forged@example.org>;\r\n',
  ': no name\r\n',
  ' : no name\r\n',
  'X-Gr\xfcn: y\r\n',
  'X\x7f: y\r\n',
  `${LONGEST}\r\n`,
  'From here on it is text\r\nand goes on\r\n',
  'From a@b.example\r\n',
  'From a@b.example\r\n\r\nSubject: in the body\r\n',
  'From a@b.example\r\n folded\r\n',
  'From a@b.example\r\nFrom c@d.example\r\nSubject: x\r\n',
  'from a@b.example\r\nSubject: x\r\n',
  '>>From a@b.example\r\nSubject: x\r\n',
  `From ${LONGEST.slice(5)}\r\n${LONGEST}\r\n`,
];

test.for([
  ...AS_THEY_ARE.map((text) => [text, text] as const),
  ...BODIES.map((text) => [text, `\r\n${text}`] as const),
])('%j, at every split and octet by octet', ([text, expected]) => {
  expect(through([text])).toBe(expected);
  expect(through(text.split(''))).toBe(expected);
  for (let at = 0; at <= text.length; at++) expect(through([text.slice(0, at), text.slice(at)])).toBe(expected);
});

test('what is decided is not held, and what is not decided is bounded', () => {
  const start = new HeaderStart();
  expect(start.push(Buffer.from('Sub')).length).toBe(0);
  expect(start.push(Buffer.from('ject')).length).toBe(0);
  expect(start.push(Buffer.from(':')).toString()).toBe('Subject:');
  const chunk = Buffer.from(' x');
  expect(start.push(chunk)).toBe(chunk);

  const endless = new HeaderStart();
  let held = 0;
  while (endless.push(Buffer.from('x'.repeat(10))).length === 0) held += 10;
  expect(held).toBeLessThanOrEqual(2 * (LINE + 2));
});

test('a chunk that is used again by its owner changes nothing', () => {
  const start = new HeaderStart();
  const chunk = Buffer.from('Subj');
  start.push(chunk);
  chunk.fill('?');
  expect(start.push(Buffer.from('ect: x')).toString()).toBe('Subject: x');
});

test('any octets pass in their order, whatever the chunks, behind an empty line or not', () => {
  const piece = fc.constantFrom('From ', '>', 'a', ':', ' ', '\t', '\r\n', '\r', '\xff', 'Subject: x\r\n');
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''))), (chunks) => {
      const whole = chunks.join('');
      expect([whole, `\r\n${whole}`]).toContain(through(chunks));
      expect(through(chunks)).toBe(through([whole]));
    }),
    { numRuns: 2000 },
  );
});
