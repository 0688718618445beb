import { expect, test } from 'vitest';
import { asTyped } from './as-typed.ts';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

test.each([
  ['run posthouse migrate', 'run npx posthouse migrate'],
  [
    'posthouse queue list, then posthouse login-failures',
    'npx posthouse queue list, then npx posthouse login-failures',
  ],
  ['stop it with "npx posthouse down"', 'stop it with "npx posthouse down"'],
  ['posthouse: there is no domain a.test', 'posthouse: there is no domain a.test'],
  ['posthouse smtp: no database', 'posthouse smtp: no database'],
  ['set it in posthouse.env', 'set it in posthouse.env'],
  ['role posthouse_api', 'role posthouse_api'],
])('%s', (text, byNpm) => {
  expect(asTyped(text, {})).toBe(text);
  expect(asTyped(text, { npm_command: 'exec' })).toBe(byNpm);
  expect(asTyped(text, { npm_command: 'start' })).toBe(byNpm);
});

test('a command that fails says it so', async () => {
  const by = async (env: Record<string, string>): Promise<string> => {
    const terminal = fakeTerminal('', env);
    await run(['mailbox', 'set', 'a@example.test'], terminal);
    return terminal.complained.join('\n');
  };
  expect(await by({})).toContain('see posthouse mailbox set --help');
  expect(await by({ npm_command: 'exec' })).toContain('see npx posthouse mailbox set --help');
});
