import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { passwordFromStdin, promptPassword } from './password.ts';
import type { Input } from './terminal.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

describe('from standard input', () => {
  test.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['two words ', 'two words '],
    ['pässwört', 'pässwört'],
    ['x'.repeat(1024), 'x'.repeat(1024)],
  ])('%j', async (text, expected) => {
    expect(await passwordFromStdin(fakeTerminal(text))).toBe(expected);
  });

  test.each([
    ['', 'the password is empty'],
    ['\n', 'the password is empty'],
    ['x'.repeat(10_000), 'the password has 10000 octets; at most 1024 are allowed'],
    ['x'.repeat(100_000), 'the password has more than 65536 octets; at most 1024 are allowed'],
    ['a\nb', 'the password holds a control character (CR, LF, NUL or the like)'],
    ['a\0b', 'the password holds a control character (CR, LF, NUL or the like)'],
  ])('refused: %j', async (text, message) => {
    await expect(passwordFromStdin(fakeTerminal(text))).rejects.toThrow(message);
  });
});

describe('by prompt', () => {
  /** Types each text once the terminal was switched to raw mode for it. */
  function typing(...texts: string[]) {
    const raw: boolean[] = [];
    const shown: string[] = [];
    const input: Input = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode(on: boolean) {
        raw.push(on);
        const next = on ? texts.shift() : undefined;
        if (next !== undefined) setImmediate(() => input.push(next));
      },
    });
    const show = (text: string): void => void shown.push(text);
    return {
      raw,
      shown,
      terminal: { ...fakeTerminal(), input, isInteractive: true, progress: show, err: show, out: show },
    };
  }

  test('asks twice, echoes nothing, and leaves the terminal as it was', async () => {
    const { raw, shown, terminal } = typing('sec\u007fcret\r', 'secret\n');
    expect(await promptPassword(terminal, 'bob@example.org')).toBe('secret');
    expect(raw).toEqual([true, false, true, false]);
    expect(shown.join('')).not.toContain('s\u0065c');
  });

  test.each([
    [['one\r', 'two\r'], 'the two passwords differ: nothing was changed'],
    [['sec\u0003'], 'interrupted: nothing was changed'],
    [['\r'], 'the password is empty'],
  ])('%j', async (texts, message) => {
    const { raw, terminal } = typing(...texts);
    await expect(promptPassword(terminal, 'bob@example.org')).rejects.toThrow(message);
    expect(raw.at(-1)).toBe(false);
  });

  test('needs a terminal', async () => {
    await expect(promptPassword(fakeTerminal('secret\n'), 'bob')).rejects.toThrow(
      'no password: give it with --password-stdin',
    );
  });
});
