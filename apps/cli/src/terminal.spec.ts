/** Text that strangers wrote, wherever a command prints it: no terminal may obey it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { afterAll, afterEach, expect, test } from 'vitest';
import { scriptedServers } from './clients/scripted.spec-helper.ts';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

/** Sets the title of a terminal; clears it, in the form of one octet; turns the rest of the line round. */
const EVIL = '\u001b]0;owned\u0007 \u009b2J \u202e';
const SHOWN = '\ufffd]0;owned\ufffd \ufffd2J \ufffd';

const folder = mkdtempSync(join(tmpdir(), 'posthouse-terminal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { scripted, close } = scriptedServers();
afterEach(close);

/** `send` against a server that answers DATA with these words. */
async function send(lastWords: string, ...more: string[]) {
  const { port } = await scripted('220 mail.example\r\n', [
    [/^EHLO/, '250 mail.example\r\n'],
    [/^(MAIL|RCPT)/, '250 2.1.0 ok\r\n'],
    [/^DATA$/, '354 go on\r\n'],
    [/^\.$/, `${lastWords}\r\n`],
    [/^QUIT/, '221 2.0.0 bye\r\n'],
  ]);
  const terminal = fakeTerminal('hello', { POSTHOUSE_DATA_DIR: folder, POSTHOUSE_SMTP_PORT: String(port) });
  const code = await run(['send', '--to', 'a@example.org', '-', ...more], terminal);
  return { code, out: terminal.printed, err: terminal.complained };
}

test('a reply', async () => {
  expect(await send(`250 ${EVIL}`)).toEqual({ code: 0, out: [`250 ${SHOWN}`], err: [] });
});

test('a refusal, which stays one line', async () => {
  expect(await send(`550 5.1.1 ${EVIL}`)).toEqual({
    code: 1,
    out: [],
    err: [`posthouse: SMTP refused: 550 5.1.1 ${SHOWN}`],
  });
});

test('JSON holds what was said, escaped', async () => {
  const { out } = await send(`250 ${EVIL}`, '--json');
  expect(out).toHaveLength(1);
  expect(out[0]).toContain(String.raw`"250 \u001b]0;owned\u0007 \u009b2J \u202e"`);
  expect(JSON.parse(out[0] ?? '')).toMatchObject({ reply: `250 ${EVIL}` });
});

test.each([
  ['an argument', ['trace', EVIL], 'posthouse: the argument 2 holds a control character (U+001B)'],
  ['an argument without control characters', ['x\u202e'], "posthouse: unknown command 'x\ufffd'"],
  ['a file name', ['send', '--to', 'a@example.org', 'none\u202e'], 'posthouse: cannot read none\ufffd: ENOENT'],
])('an error that repeats %s', async (_, args, line) => {
  const terminal = fakeTerminal('', { POSTHOUSE_DATA_DIR: folder });
  await run(args, terminal);
  expect(terminal.complained).toEqual([line]);
});

test('help and the report of a fault keep their lines', async () => {
  const terminal = fakeTerminal('', { POSTHOUSE_DATA_DIR: folder });
  await run(['--help'], terminal);
  expect(terminal.printed[0]).toBe('Usage: posthouse [options] [command]');
  const open = (): never => {
    throw new InvalidArgumentError(`of\r\n${EVIL}`);
  };
  await run(['tenant', 'list', '--debug'], terminal, { open });
  expect(terminal.complained[0]).toBe(`posthouse: of ${SHOWN}`);
  expect(terminal.complained.length).toBeGreaterThan(3);
  expect(terminal.complained.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/); // eslint-disable-line no-control-regex
});
