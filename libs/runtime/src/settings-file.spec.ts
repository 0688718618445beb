import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from './config.ts';
import { configArgument, loadConfig, MAX_SETTINGS_FILE, type SettingsSource } from './settings-file.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-settings-'));
afterAll(() => rmSync(root, { recursive: true }));

const file = (text: string, name = 'other.env'): string => {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
};
const problemsOf = (source: SettingsSource): string => {
  try {
    loadConfig({ env: {}, root, ...source });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
  return '';
};

test('the file of the checkout is read, and the environment wins, setting by setting', () => {
  file(
    '# ours\nPOSTHOUSE_SMTP_PORT=25\n\nexport POSTHOUSE_POP3_PORT = "110"\r\nPOSTHOUSE_DATA_DIR=mail\n',
    'posthouse.env',
  );
  const config = loadConfig({ env: { POSTHOUSE_POP3_PORT: '1110', POSTHOUSE_SMTP_PORT: '' }, root });
  expect(config).toMatchObject({ ports: { smtp: 25, pop3: 1110 }, dataDir: join(root, 'mail') });
  rmSync(join(root, 'posthouse.env'));
  expect(loadConfig({ env: {}, root }).ports.smtp).toBe(2525);
});

test('a file that is named comes before that of the checkout, by option before by environment', () => {
  file('POSTHOUSE_SMTP_PORT=1', 'posthouse.env');
  const [a, b] = [file('POSTHOUSE_SMTP_PORT=2', 'a.env'), file('POSTHOUSE_SMTP_PORT=3', 'b.env')];
  expect(loadConfig({ env: { POSTHOUSE_CONFIG: a }, root }).ports.smtp).toBe(2);
  expect(loadConfig({ env: { POSTHOUSE_CONFIG: a }, file: b, root }).ports.smtp).toBe(3);
  rmSync(join(root, 'posthouse.env'));
});

test('a secret in the one form takes the place of the other form', () => {
  const secret = file('postgres://o:s3cret@db/x', 'url');
  const url = 'postgres://o:p@here/y';
  const named = file('POSTHOUSE_DATABASE_URL_FILE=url');
  expect(loadConfig({ env: {}, file: named }).database.url).toBe('postgres://o:s3cret@db/x');
  expect(loadConfig({ env: { POSTHOUSE_DATABASE_URL: url }, file: named }).database.url).toBe(url);
  const inFile = file(`POSTHOUSE_DATABASE_URL=${url}`);
  expect(loadConfig({ env: { POSTHOUSE_DATABASE_URL_FILE: secret }, file: inFile }).database.url).toContain('s3cret');
});

test.each([
  ['what is no setting', 'PATH=/bin', 'PATH is no setting'],
  ['a name nobody knows', 'POSTHOUSE_SMTPPORT=1', 'no such setting, did you mean POSTHOUSE_SMTP_PORT? (in '],
  ['a bad value', 'POSTHOUSE_SMTP_PORT=x', '(in '],
  ['a line without a name', 'hunter2', 'line 1'],
  ['a name twice', 'POSTHOUSE_SMTP_PORT=1\nPOSTHOUSE_SMTP_PORT=2', 'line 2'],
  ['a quote that never ends', 'POSTHOUSE_DATA_DIR="x', 'quotes'],
  ['another file', 'POSTHOUSE_CONFIG=x', 'cannot name another'],
  ['too much', '#'.repeat(MAX_SETTINGS_FILE + 1), 'octets'],
])('%s is refused', (_, text, words) => {
  const problems = problemsOf({ file: file(text) });
  expect(problems).toContain(words);
  expect(problems).not.toContain('hunter2');
});

test('a file that was named must be there', () => {
  expect(problemsOf({ file: join(root, 'none.env') })).toContain('ENOENT');
  expect(problemsOf({ env: { POSTHOUSE_CONFIG: root } })).toContain('is a folder');
});

test('--config is found among the arguments of an app', () => {
  expect(configArgument(['--config', 'a'])).toBe('a');
  expect(configArgument(['x', '--config=b'])).toBe('b');
  expect(configArgument(['x'])).toBeUndefined();
});
