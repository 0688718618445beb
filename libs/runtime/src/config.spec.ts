import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Config, ConfigError, type Environment } from './config.ts';
import { nearest } from './nearest.ts';
import { SECRET_SETTINGS, SETTING_NAMES, settingFacts } from './settings.ts';

const problemsOf = (env: Environment): readonly string[] => {
  try {
    Config.fromEnv(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('defaults', () => {
  test('are those of the design', () => {
    const { dataDir, hostname, ...rest } = Config.fromEnv({ PATH: '/bin' });
    expect(dataDir).toBe(join(process.cwd(), 'data'));
    expect(hostname).toMatch(/^[a-z0-9.-]+$/);
    expect(rest).toMatchObject({
      database: { url: undefined, poolSize: 4 },
      redisUrl: undefined,
      bind: '127.0.0.1',
      ports: {
        smtp: 2525,
        submission: 2587,
        submissions: 2465,
        pop3: 2110,
        pop3s: 2995,
        imap: 2143,
        imaps: 2993,
        http: 8080,
      },
      healthPort: 0,
      plaintextAuth: 'loopback',
      limits: { messageOctets: 52_428_800, connections: 10_000, connectionsPerIp: 50 },
      idleSeconds: { smtp: 300, pop3: 600, imap: 1_800 },
      drainSeconds: 60,
      log: { level: 'info', format: 'auto' },
    });
  });

  test('hold for a setting that is set to nothing', () => {
    expect(Config.fromEnv({ POSTHOUSE_SMTP_PORT: '', POSTHOUSE_REDIS_URL: '' })).toMatchObject({
      ports: { smtp: 2525 },
      redisUrl: undefined,
    });
  });

  test('cannot be changed later, at any depth', () => {
    const config = Config.fromEnv({});
    expect(
      [config, config.database, config.ports, config.limits, config.idleSeconds, config.log].every(Object.isFrozen),
    ).toBe(true);
  });
});

test('withDatabaseUrl keeps everything else', () => {
  const config = Config.fromEnv({ POSTHOUSE_DATABASE_POOL: '7' });
  const found = config.withDatabaseUrl('postgres://u:p@h/d');
  expect(found).toBeInstanceOf(Config);
  expect(found.database).toEqual({ url: 'postgres://u:p@h/d', poolSize: 7 });
  expect(Object.entries(found).filter(([name]) => name !== 'database')).toEqual(
    Object.entries(config).filter(([name]) => name !== 'database'),
  );
});

test.for<[string, string, string]>([
  ['POSTHOUSE_SMTP_PORT', '0x19', 'POSTHOUSE_SMTP_PORT is "0x19": expected a whole number from 0 to 65535'],
  ['POSTHOUSE_SMTP_PORT', '65536', 'POSTHOUSE_SMTP_PORT is "65536": expected a whole number from 0 to 65535'],
  ['POSTHOUSE_SMTP_PORT', '-1', 'POSTHOUSE_SMTP_PORT is "-1": expected a whole number from 0 to 65535'],
  ['POSTHOUSE_DRAIN_SECONDS', '1.5', 'POSTHOUSE_DRAIN_SECONDS is "1.5": expected a whole number from 0 to 3600'],
  ['POSTHOUSE_DRAIN_SECONDS', ' 5', 'POSTHOUSE_DRAIN_SECONDS is " 5": expected a whole number from 0 to 3600'],
  [
    'POSTHOUSE_BIND',
    'localhost',
    'POSTHOUSE_BIND is "localhost": expected an IP address such as 127.0.0.1, 0.0.0.0 or ::',
  ],
  ['POSTHOUSE_HOSTNAME', 'a b', 'POSTHOUSE_HOSTNAME is "a b": expected a host name such as mail.example.org'],
  [
    'POSTHOUSE_HOSTNAME',
    '127.0.0.1',
    'POSTHOUSE_HOSTNAME is "127.0.0.1": expected a host name such as mail.example.org',
  ],
  [
    'POSTHOUSE_HOSTNAME',
    'x\r\nEHLO y',
    'POSTHOUSE_HOSTNAME is "x\\r\\nEHLO y": expected a host name such as mail.example.org',
  ],
  [
    'POSTHOUSE_DATABASE_URL',
    'mysql://u:hunter2@h',
    'POSTHOUSE_DATABASE_URL: expected postgres://user:password@host:port/database',
  ],
  ['POSTHOUSE_REDIS_URL', 'hunter2', 'POSTHOUSE_REDIS_URL: expected redis://host:port'],
  ['POSTHOUSE_POP_PORT', '1', 'POSTHOUSE_POP_PORT: no such setting, did you mean POSTHOUSE_POP3_PORT?'],
  [
    'POSTHOUSE_DATABSE_URL_FILE',
    '/x',
    'POSTHOUSE_DATABSE_URL_FILE: no such setting, did you mean POSTHOUSE_DATABASE_URL_FILE?',
  ],
  ['POSTHOUSE_BIND_FILE', '/x', 'POSTHOUSE_BIND_FILE: no such setting, did you mean POSTHOUSE_BIND?'],
  ['POSTHOUSE_CONSTRUCTOR__PROTO__', '1', 'POSTHOUSE_CONSTRUCTOR__PROTO__: no such setting'],
  ['POSTHOUSE_IMAP_PORT', '2110', 'POSTHOUSE_IMAP_PORT is 2110, and so is POSTHOUSE_POP3_PORT: choose another port'],
])('%s=%s is refused', ([name, value, problem]) => {
  expect(problemsOf({ [name]: value })).toEqual([problem]);
});

test('all problems are reported at once, and no secret', () => {
  const env = {
    POSTHOUSE_SMTP_PORT: 'x',
    POSTHOUSE_DATABASE_URL: 'http://u:hunter2@h',
    POSTHOUSE_LOG_LEVEL: 'loud',
    POSTHOUSE_X: '1',
  };
  expect(problemsOf(env)).toHaveLength(4);
  expect(() => Config.fromEnv(env)).toThrow(/^bad configuration\n(?!.*hunter2)/s);
});

test('what is said to be a secret in the documentation is one', () => {
  expect(SECRET_SETTINGS).toEqual(settingFacts().flatMap(({ name, secret }) => (secret ? [name] : [])));
  expect(SETTING_NAMES).toEqual(settingFacts().map(({ name }) => name));
});

describe('secrets by file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'url');
  writeFileSync(file, 'postgres://u:p@h/d\n');

  test('are read without their line end', () => {
    expect(Config.fromEnv({ POSTHOUSE_DATABASE_URL_FILE: file }).database.url).toBe('postgres://u:p@h/d');
  });

  test('and the setting itself exclude each other', () => {
    expect(problemsOf({ POSTHOUSE_DATABASE_URL_FILE: file, POSTHOUSE_DATABASE_URL: 'postgres://u:p@h/d' })).toEqual([
      'POSTHOUSE_DATABASE_URL_FILE and POSTHOUSE_DATABASE_URL are both set: set one of them',
    ]);
  });

  test('that cannot be read name the file', () => {
    expect(problemsOf({ POSTHOUSE_REDIS_URL_FILE: join(folder, 'none') })).toEqual([
      `POSTHOUSE_REDIS_URL_FILE: cannot read ${join(folder, 'none')} (ENOENT)`,
    ]);
  });
});

test.for<[string, string | undefined]>([
  ['domian', 'domain'],
  ['mailbx', 'mailbox'],
  ['zzzzzz', undefined],
  ['x'.repeat(10_000), undefined],
])('nearest to %s is %s', ([name, expected]) => {
  expect(nearest(name, ['tenant', 'domain', 'mailbox'])).toBe(expected);
});

test('every setting is documented: group, description, default', () => {
  for (const { name, group, description, default: shown } of settingFacts()) {
    expect(`${group}|${description}|${shown}`, name).toMatch(/^[^|]+\|[^|]+\.\|.+$/s);
  }
});
