import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Config } from '#runtime';
import { freePort } from '#testing';
import { afterEach, describe, expect, test } from 'vitest';
import { scriptedServers } from '../clients/scripted.spec-helper.ts';
import { ok, type Finding } from './finding.ts';
import type { Household } from './household.ts';
import { ports } from './ports.ts';

const { scripted, close } = scriptedServers();
afterEach(close);

const SERVING: Household = {
  finding: ok('house'),
  occupancy: 'serving',
  remedy: (app) => `start ${app}`,
  excuse: () => undefined,
};
const NAMES = ['smtp', 'pop3', 'imap', 'http'] as const;
type Ports = Readonly<Partial<Record<(typeof NAMES)[number], number>>>;

interface Examined {
  /** By what they are about. */
  readonly found: Record<string, Finding>;
  readonly away: readonly string[];
}

/** Listeners that are not named are at a port where nobody is. */
async function examined(given: Ports, household = SERVING): Promise<Examined> {
  const entries = await Promise.all(
    NAMES.map(async (name) => [`POSTHOUSE_${name.toUpperCase()}_PORT`, String(given[name] ?? (await freePort()))]),
  );
  const config = Config.fromEnv({
    POSTHOUSE_DATA_DIR: join(tmpdir(), 'posthouse-none'),
    ...(Object.fromEntries(entries) as Record<string, string>),
  });
  const found: Record<string, Finding> = {};
  const walk = ports(config, household);
  for (;;) {
    const step = await walk.next();
    if (step.done === true) return { found, away: step.value };
    found[step.value.what.split(/[: ]/)[0] ?? ''] = step.value;
  }
}

const findings = async (given: Ports, household = SERVING): Promise<Record<string, Finding>> =>
  (await examined(given, household)).found;

async function web(status: number): Promise<{ port: number; end: () => void }> {
  const server = createServer((_, response) => void response.writeHead(status).end('x'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, end: () => void server.close() };
}

describe('a listener that does not answer', () => {
  test.each(NAMES)('%s', async (name) => {
    const port = await freePort();
    const app = name === 'http' ? 'api' : name;
    expect((await findings({ [name]: port }))[name]).toEqual({
      verdict: 'fail',
      what: `${name}: no ${name === 'http' ? 'answer' : 'greeting'} at 127.0.0.1 port ${port} (ECONNREFUSED)`,
      remedy: `start ${app}, or set POSTHOUSE_${name.toUpperCase()}_PORT as it has it`,
    });
  });

  test('one that hangs up', async () => {
    const server = createServer((request) => request.socket.destroy());
    server.on('connection', (socket) => socket.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect((await findings({ imap: port }))['imap']?.what).toBe(
      `imap: no greeting at 127.0.0.1 port ${port} (it closed the connection)`,
    );
    server.close();
  });
});

test('those that need not answer here: what is said of each, and which', async () => {
  const { port } = await scripted('+OK ready\r\n', []);
  const household: Household = {
    ...SERVING,
    excuse: (app) => (app === 'smtp' ? undefined : ok(`${app}: runs on another machine`)),
  };
  const { found, away } = await examined({ pop3: port }, household);
  expect(found['smtp']?.verdict).toBe('fail');
  expect(found['pop3']).toEqual(ok(`pop3: greets at 127.0.0.1 port ${port}`));
  expect(found['imap']).toEqual(ok('imap: runs on another machine'));
  expect(found['api']).toEqual(ok('api: runs on another machine'));
  expect(away).toEqual(['imap', 'http']);
});

describe('a listener that greets', () => {
  test.each([
    ['smtp', '220 mx.example ESMTP\r\n'],
    ['pop3', '+OK ready\r\n'],
    ['imap', '* OK ready\r\n'],
  ] as const)('%s, as ours does', async (name, greeting) => {
    const { port } = await scripted(greeting, []);
    expect((await findings({ [name]: port }))[name]).toEqual(ok(`${name}: greets at 127.0.0.1 port ${port}`));
  });

  test.each([
    ['smtp', 'SSH-2.0-OpenSSH_9.9'],
    ['pop3', '220 mx.example ESMTP'],
    ['imap', 'HTTP/1.1 400 Bad Request'],
  ] as const)('%s, with the words of another program', async (name, greeting) => {
    const { port } = await scripted(`${greeting}\r\n`, []);
    expect((await findings({ [name]: port }))[name]).toEqual({
      verdict: 'fail',
      what: `${name}: said ${JSON.stringify(greeting)} at 127.0.0.1 port ${port}`,
      remedy: `another program is on this port: end it, or set POSTHOUSE_${name.toUpperCase()}_PORT`,
    });
  });

  test.each([
    ['smtp', '421 4.7.0 mx.example too many connections'],
    ['pop3', '-ERR [SYS/TEMP] too many connections'],
    ['imap', '* BYE [UNAVAILABLE] too many connections'],
  ] as const)('%s, and cannot serve', async (name, greeting) => {
    const { port } = await scripted(`${greeting}\r\n`, []);
    expect((await findings({ [name]: port }))[name]).toEqual({
      verdict: 'fail',
      what: `${name}: said ${JSON.stringify(greeting)} at 127.0.0.1 port ${port}`,
      remedy: 'it is full, or stopping: look into its log, and examine it again',
    });
  });

  test.each([
    [200, 'ok', 'ready', () => undefined],
    [
      503,
      'fail',
      'not ready',
      (port: number) => `open http://127.0.0.1:${port}/health/ready and see what it waits for`,
    ],
    [404, 'fail', 'answers 404', () => 'another program is on this port: end it, or set POSTHOUSE_HTTP_PORT'],
  ] as const)('http, with %d', async (status, verdict, words, remedy) => {
    const { port, end } = await web(status);
    expect((await findings({ http: port }))['http']).toEqual({
      verdict,
      what: `http: ${words} at 127.0.0.1 port ${port}`,
      remedy: remedy(port),
    });
    end();
  });
});

test('where no house runs every port is to be free', async () => {
  const { port } = await scripted('220 somebody\r\n', []);
  const vacant: Household = { ...SERVING, occupancy: 'vacant' };
  const { smtp, pop3 } = await findings({ smtp: port }, vacant);
  expect(smtp).toEqual({
    verdict: 'fail',
    what: `smtp port ${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    remedy: 'end the program that has the port, or set POSTHOUSE_SMTP_PORT',
  });
  expect(pop3).toMatchObject({ verdict: 'ok', what: expect.stringMatching(/^pop3 port \d+: free$/) });
});

test('a house that starts is left alone', async () => {
  expect(await findings({}, { ...SERVING, occupancy: 'starting' })).toEqual({});
});
