/** `--json` means JSON on every command: one object a line on standard output, failures as one object on standard error. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../apps/cli/src/program.ts';
import { run } from '../../apps/cli/src/run.ts';
import { fakeTerminal } from '../../apps/cli/src/terminal.spec-helper.ts';
import { LineClient } from '#testing';
import { CliHouse, type Running } from './cli-house.ts';

let house: CliHouse;
let up: Running;
let csv: string;
beforeAll(async () => {
  house = await CliHouse.make();
  csv = join(house.folder, 'people.csv');
  await writeFile(csv, 'address,password,quota\nann@a.test,secret,\n');
  up = house.spawn('posthouse.js', ['up', '--json']);
  await up.says('"listeners":{"');
  const pop3 = await LineClient.connect(Number(/"pop3":(\d+)/.exec(up.out)?.[1]));
  await pop3.send('USER x@a.test\r\nPASS wrong\r\nQUIT\r\n');
  for (let line = 0; line < 3; line++) await pop3.line();
});
afterAll(() => house.close());

interface Answer {
  readonly code: number;
  readonly out: unknown[];
  readonly err: unknown[];
}

const objects = (lines: readonly string[]): unknown[] => lines.map((line): unknown => JSON.parse(line));

async function ask(line: string, input = ''): Promise<Answer> {
  const terminal = fakeTerminal(input, { POSTHOUSE_DATA_DIR: house.dataDir });
  const code = await run([...line.split(' '), '--json'], terminal);
  return { code, out: objects(terminal.printed), err: objects(terminal.complained) };
}

const WORDS: readonly (readonly [string, unknown])[] = [
  ['migrate', { ran: [] }],
  ['login-failures x@a.test', { login: 'x@a.test', failures: 1, locked: false }],
  ['unlock x@a.test', { unlocked: 'x@a.test', forgotten: 1 }],
  ['status', { running: true }],
  ['doctor', { verdict: 'ok' }],
  ['tenant add t', { name: 't' }],
  ['tenant list', { name: 'default' }],
  ['tenant show t', { name: 't' }],
  ['tenant set t --state active', { state: 'active' }],
  ['tenant rm t --yes', { removed: 't' }],
  ['domain add a.test', { name: 'a.test' }],
  ['domain list', { name: 'a.test' }],
  ['domain show a.test', { name: 'a.test' }],
  ['domain set a.test --separators +', { separators: '+' }],
  ['mailbox add b@a.test --no-password', { name: 'b@a.test' }],
  ['mailbox list', { name: 'b@a.test' }],
  ['mailbox show b@a.test', { name: 'b@a.test' }],
  ['mailbox set b@a.test --quota 1g', { quotaOctets: 1024 ** 3 }],
  ['mailbox import CSV', { imported: 1, failed: 0 }],
  ['alias add c@a.test b@a.test', { name: 'c@a.test' }],
  ['alias list', { name: 'c@a.test' }],
  ['alias show c@a.test', { name: 'c@a.test' }],
  ['alias set c@a.test ann@a.test', { targets: ['ann@a.test'] }],
  ['explain c@a.test', { address: 'c@a.test' }],
  ['send --to c@a.test -', { reply: expect.stringMatching(/^250 /) }],
  ['trace c@a.test', { id: expect.stringMatching(/^msg_/) }],
  ['send --to postmaster@a.test -', { reply: expect.stringMatching(/^250 /) }],
  ['queue list', { state: 'held', recipient: 'postmaster@a.test' }],
  ['queue discard --all --yes', { discarded: 1 }],
  ['send --to postmaster@a.test -', { reply: expect.stringMatching(/^250 /) }],
  ['queue release --recipient postmaster@a.test', { released: 1 }],
  ['ledger', { balanced: true }],
  ['backup FOLDER', { octets: expect.any(Number), takenAt: expect.any(String) }],
  ['alias rm c@a.test', { removed: 'c@a.test' }],
  ['mailbox rm b@a.test --yes', { removed: 'b@a.test' }],
  ['mailbox removed', { name: 'b@a.test' }],
  ['mailbox restore b@a.test', { name: 'b@a.test' }],
  ['domain rm a.test --cascade --yes', { removed: 'a.test' }],
  ['demo', { users: [{ user: 'alice@demo.test' }, { user: 'bob@demo.test' }] }],
  ['demo --clean', { removed: 'demo' }],
];

/** Those that run until a signal ends them. */
const STAYING = ['up', 'database'];

function leaves(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

const nothing = (): never => {
  throw new Error('only the names of the commands are wanted');
};
const COMMANDS = leaves(
  await buildProgram({ terminal: fakeTerminal(), config: nothing, open: nothing, json: true, exitCode: 0 }),
);

test('no command is left out', () => {
  const tried = WORDS.map(([line]) => COMMANDS.find((name) => line === name || line.startsWith(`${name} `)));
  expect(new Set([...tried, ...STAYING, 'down', 'restore', 'restored'])).toEqual(new Set(COMMANDS));
});

test('up says what serves', () => {
  const line = up.out.split('\n').find((text) => text.includes('"listeners":{"')) ?? '';
  const { pid, listeners } = house.record();
  expect(JSON.parse(line)).toEqual({ pid, listeners, place: expect.stringContaining(house.dataDir) });
});

describe.each(WORDS)('%s', (line, expected) => {
  test('answers', async () => {
    const { code, out, err } = await ask(
      line.replace('CSV', csv).replace('FOLDER', join(house.folder, 'backup')),
      'Hello\n',
    );
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out[0]).toMatchObject(expected as object);
  });
});

test.each(COMMANDS)('%s with an option that is none', async (name) => {
  expect(await ask(`${name} --no-such-option`)).toEqual({
    code: 2,
    out: [],
    err: [{ error: expect.stringMatching(/^(unknown|required) option/), code: 2 }],
  });
});

test.each([
  ['domain', 2, 'a command is missing: --help lists them'],
  ['domian list', 2, "unknown command 'domian' (Did you mean domain?)"],
  ['mailbox show nobody@a.test', 3, expect.stringContaining('there is no domain a.test')],
  ['trace nobody@a.test', 3, expect.stringContaining('nothing is known of')],
  ['tenant add default', 4, expect.stringContaining('default')],
  ['restore /nowhere', 5, expect.stringContaining('is in use by process')],
  ['restored', 5, expect.stringContaining('stop all apps')],
])('%s', async (line, code, error) => {
  expect(await ask(line)).toEqual({ code, out: [], err: [{ error, code }] });
});

test('down, once and once more; and the database alone', async () => {
  const { pid } = house.record();
  expect(await ask('down')).toEqual({ code: 0, out: [{ stopped: pid }], err: [] });
  expect(await up.ended).toBe(0);
  expect(await ask('down')).toEqual({ code: 0, out: [{ stopped: null }], err: [] });
  const database = house.spawn('posthouse.js', ['database', '--json']);
  await database.says('"place":');
  const line = database.out.split('\n').find((text) => text.includes('"place":')) ?? '';
  expect(JSON.parse(line)).toEqual({ pid: house.record().pid, place: expect.stringContaining(house.dataDir) });
  // A step of the runbook, while no app serves.
  expect(await ask('restored')).toEqual({ code: 0, out: [{ folders: expect.any(Number) }], err: [] });
  expect(await database.stop()).toBe(0);
});
