import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { isDone, readSaslResponse } from './continuation.ts';

test.for<[string, boolean]>([
  ['DONE', true],
  ['done', true],
  ['DONE ', false],
  ['a DONE', false],
  ['', false],
  ['DON\xc5', false],
])('%j ends IDLE: %s', ([line, expected]) => {
  expect(isDone(Buffer.from(line, 'latin1'))).toBe(expected);
});

test.for<[string, string | undefined]>([
  ['', ''],
  ['AGEAYg==', '\0a\0b'],
  ['AGEAYg', undefined],
  ['!', undefined],
  ['**', undefined],
])('the response %j', ([text, expected]) => {
  const response = readSaslResponse(text);
  expect(response.kind === 'octets' ? response.octets.toString() : undefined).toBe(expected);
});

test('* cancels', () => {
  expect(readSaslResponse('*')).toEqual({ kind: 'cancelled' });
});
