import { expect, test } from 'vitest';
import { createLog, NestLog } from './log.ts';

function captured(format: 'auto' | 'json' | 'pretty' = 'json', level: 'info' | 'trace' = 'info') {
  const lines: string[] = [];
  return {
    lines,
    log: createLog({ level, format }, { name: 'pop3', destination: { write: (line) => void lines.push(line) } }),
  };
}

test('a line is JSON: constant message, data as fields', () => {
  const { lines, log } = captured();
  log.info({ conn: 7, code: 550 }, 'refused');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 30, name: 'pop3', conn: 7, code: 550, msg: 'refused' },
  ]);
});

test.for([
  { password: 'hunter2' },
  { token: 'hunter2' },
  { auth: { pass: 'hunter2' } },
  { headers: { authorization: 'Bearer hunter2' } },
  { config: { connectionString: 'postgres://u:hunter2@h' } },
])('credentials are masked: %j', (fields) => {
  const { lines, log } = captured();
  log.info(fields, 'login');
  expect(lines.join('')).toContain('[redacted]');
  expect(lines.join('')).not.toContain('hunter2');
});

test('pretty lines are for people, written before the call returns', () => {
  const { lines, log } = captured('pretty');
  log.warn({ conn: 7, password: 'hunter2' }, 'refused');
  expect(lines.join('')).toMatch(/WARN.*refused.*"conn":7/);
  expect(lines.join('')).not.toContain('hunter2');
});

test('pretty lines show control characters instead of sending them to the terminal', () => {
  const { lines, log } = captured('pretty');
  log.error({ err: new Error('no row for \u001b]0;owned\u0007'), helo: '\u009b2J\u202e' }, 'failed');
  const text = lines.join('');
  expect(text).toContain('no row for \ufffd]0;owned\ufffd');
  expect(text).toContain('"helo":"\ufffd2J\ufffd"');
  expect(text).toMatch(/\n {6,}at /);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/); // eslint-disable-line no-control-regex
});

test('Nest speaks through it: its chatter as debug, its errors with their stack', () => {
  const { lines, log } = captured('json', 'trace');
  const nest = new NestLog(log);
  nest.log('Starting', 'NestFactory');
  nest.error(new Error('no provider'), 'at somewhere', 'Injector');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 20, context: 'NestFactory', msg: 'Starting' },
    { level: 50, context: 'Injector', stack: 'at somewhere', msg: 'no provider', err: { type: 'Error' } },
  ]);
});
