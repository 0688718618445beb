import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-none-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('in a folder without a house', () => {
  const dataDir = join(root, 'data');
  const WORDS = `no house lives in ${dataDir}: run npm start, or set POSTHOUSE_DATA_DIR`;

  test.each([
    ['ledger'],
    ['tenant list'],
    ['domain add example.test'],
    ['mailbox add a@example.test --no-password'],
    ['alias rm a@example.test'],
    ['explain a@example.test'],
    ['trace a@example.test'],
    ['demo'],
    ['demo --clean'],
    ['down'],
  ])('%s is refused, and makes none', async (line) => {
    const terminal = fakeTerminal('', { POSTHOUSE_DATA_DIR: dataDir });
    expect(await run(line.split(' '), terminal)).toBe(5);
    expect([terminal.printed, terminal.complained]).toEqual([[], [`posthouse: ${WORDS}`]]);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('status says so', async () => {
    const terminal = fakeTerminal('', { POSTHOUSE_DATA_DIR: dataDir });
    expect(await run(['status'], terminal)).toBe(5);
    expect(terminal.printed).toEqual([`house  ${WORDS}`]);
  });

  test('doctor finds it, and makes none', async () => {
    const ports = Object.fromEntries(['SMTP', 'POP3', 'IMAP', 'HTTP'].map((name) => [`POSTHOUSE_${name}_PORT`, '0']));
    const terminal = fakeTerminal('', { POSTHOUSE_DATA_DIR: dataDir, ...ports });
    expect(await run(['doctor'], terminal)).toBe(1);
    expect(terminal.printed.at(-1)).toContain(WORDS);
    expect(existsSync(dataDir)).toBe(false);
  });
});
