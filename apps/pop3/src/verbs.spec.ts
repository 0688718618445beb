import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { verbOf } from './verbs.ts';

test.for([
  ['RETR 1', 'RETR'],
  ['top 1 2', 'TOP'],
  ['TOP', 'TOP'],
  ['quit', 'QUIT'],
  ['QUIT ', 'QUIT'],
  ['QUITE', 'other'],
  ['TOPS 1', 'other'],
  ['TO', 'other'],
  ['', 'other'],
  [' RETR 1', 'other'],
  ['__proto__', 'other'],
  ['\0\0\0\0', 'other'],
] as const)('%j is counted as %s', ([line, verb]) => {
  expect(verbOf(Buffer.from(line))).toBe(verb);
});

test('a line over the limit is counted as other', () => {
  expect(verbOf('too-long')).toBe('other');
});
