import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { checkArguments, MAX_ARGUMENT, parseCount, parseQuota } from './arguments.ts';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

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
  [[`${'x'.repeat(MAX_ARGUMENT - 1)}\n`], 'the argument 1 holds a control character (LF)'],
])('no argument holds a line end: %j', (args, message) => {
  expect(() => checkArguments(args)).toThrow(message);
});

test.each([
  ['trace', 'x'.repeat(5_000), 5_000],
  ['trace', `${'x'.repeat(5_000)}\n`, 5_001],
  ['trace', '\r'.repeat(4_097), 4_097],
  ['mailbox', 'x'.repeat(100_000), 100_000],
])(
  '%s: an argument that is too long is refused by its length, whatever it holds',
  async (command, argument, length) => {
    const terminal = fakeTerminal('', {});
    expect(await run([command, argument], terminal)).toBe(2);
    expect([terminal.printed, terminal.complained]).toEqual([
      [],
      [`posthouse: the argument 2 has ${length} characters; at most 4096 are allowed`],
    ]);
  },
);

test('a path of the longest length is left to the file system', async () => {
  const terminal = fakeTerminal('', {});
  const path = 'a/'.repeat(MAX_ARGUMENT / 2);
  expect(await run(['mailbox', 'import', path], terminal)).toBe(2);
  expect(terminal.complained).toEqual([`posthouse: cannot read ${path}: ENAMETOOLONG`]);
});
