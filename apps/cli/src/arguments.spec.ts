import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { checkArguments, parseCount, parseQuota } from './arguments.ts';

test.each([
  ['0', 0],
  ['500', 500],
  ['1k', 1024],
  ['20M', 20 * 1024 ** 2],
  ['1g', 1024 ** 3],
  ['2t', 2 * 1024 ** 4],
  ['none', 'none'],
])('quota %s', (text, expected) => {
  expect(parseQuota(text)).toBe(expected);
});

test.each([
  '',
  '-1',
  '1.5g',
  '1gb',
  '9007199254740992',
  '9999999t',
  '0x10',
  '1e3',
  '__proto__',
  '1constructor',
  '1'.repeat(1000),
])('no quota: %s', (text) => {
  expect(() => parseQuota(text)).toThrow(InvalidArgumentError);
});

test('a count is a whole number or none', () => {
  expect([parseCount('7'), parseCount('none')]).toEqual([7, 'none']);
  expect(() => parseCount('7.5')).toThrow(InvalidArgumentError);
});

test.each([
  [['a', 'b\r\n'], 'the argument 2 holds a control character (CR)'],
  [['a\nb'], 'the argument 1 holds a control character (LF)'],
  [['a\0'], 'the argument 1 holds a control character (NUL)'],
])('no argument holds a line end: %j', (args, message) => {
  expect(() => checkArguments(args)).toThrow(message);
});
