import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Health, serveHealth, type HealthListener } from './health.ts';
import { Metrics } from './metrics.ts';

const metrics = new Metrics();
const health = new Health(metrics, 100);
let failing: string | undefined;
let listener: HealthListener;

beforeAll(async () => {
  health.add(
    { name: 'listener', check: async () => 'fine' },
    { name: 'database', check: async () => (failing === undefined ? 1 : Promise.reject(new Error(failing))) },
  );
  listener = await serveHealth(health, { host: '127.0.0.1', port: 0, setting: 'POSTHOUSE_HEALTH_PORT' });
});
afterAll(() => listener.close());

const get = async (path: string, method = 'GET') => {
  const response = await fetch(`http://127.0.0.1:${listener.port}${path}`, { method });
  return [response.status, await response.text()] as const;
};

test('live', async () => {
  expect(await get('/health/live')).toEqual([200, '{"status":"live"}\n']);
});

test('ready while every probe answers, 503 with the name and reason of what fails', async () => {
  expect(await get('/health/ready?verbose')).toEqual([200, '{"status":"ready","checks":["listener","database"]}\n']);
  failing = 'connection refused';
  expect(await get('/health/ready')).toEqual([
    503,
    '{"status":"not ready","failing":{"database":"connection refused"}}\n',
  ]);
  failing = undefined;
});

test('a probe that hangs or throws at once fails', async () => {
  const own = new Health(metrics, 20);
  own.add(
    { name: 'hangs', check: () => new Promise(() => undefined) },
    {
      name: 'throws',
      check: () => {
        throw new Error('no such thing');
      },
    },
  );
  expect(await own.answer('/health/ready')).toMatchObject({
    status: 503,
    body: '{"status":"not ready","failing":{"hangs":"no answer within 20 ms","throws":"no such thing"}}\n',
  });
});

test('draining is not ready', async () => {
  const own = new Health(metrics);
  own.drain();
  expect(await own.answer('/health/ready')).toMatchObject({ status: 503, body: '{"status":"draining"}\n' });
});

test('figures at all four seams', async () => {
  metrics.connectionOpened('imap');
  metrics.connectionOpened('imap');
  metrics.connectionClosed('imap');
  metrics.command('pop3', 'RETR', 'ok', 0.001);
  metrics.command('pop3', 'RETR', 'ok', 0.3);
  metrics.delivery('delivered', 50);
  metrics.watchQueue(async () => [{ lane: 'local', state: 'queued', count: 3, oldestSeconds: 1.5 }]);
  const [status, text] = await get('/metrics');
  expect(status).toBe(200);
  for (const line of [
    'posthouse_connections{protocol="imap"} 1',
    'posthouse_connections_accepted_total{protocol="imap"} 2',
    'posthouse_command_seconds_count{protocol="pop3",verb="RETR",result="ok"} 2',
    'posthouse_deliveries_total{outcome="delivered"} 50',
    'posthouse_deliveries_total{outcome="held"} 0',
    'posthouse_queue_depth{lane="local",state="queued"} 3',
    'posthouse_queue_oldest_seconds{lane="local",state="queued"} 1.5',
    'process_resident_memory_bytes',
  ])
    expect(text).toContain(line);
});

test('a scrape works without the database: only the queue is missing', async () => {
  metrics.watchQueue(() => Promise.reject(new Error('database away')));
  const [status, text] = await get('/metrics');
  expect([status, text.includes('posthouse_queue_depth{'), text.includes('posthouse_connections{')]).toEqual([
    200,
    false,
    true,
  ]);
});

test.for(['/health/live', '/health/ready', '/metrics', '/'])(
  'HEAD %s answers like GET, without the body',
  async (path) => {
    const [got, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => fetch(`http://127.0.0.1:${listener.port}${path}`, { method })),
    );
    expect(head?.status).toBe(got?.status);
    expect(head?.headers.get('content-type')).toBe(got?.headers.get('content-type'));
    expect([await head?.text(), await got?.text()]).toEqual(['', expect.stringMatching(/./)]);
  },
);

test('anything else is not found', async () => {
  expect((await get('/'))[0]).toBe(404);
  expect((await get('/health/live', 'POST'))[0]).toBe(404);
});

test('a taken port is named with its setting', async () => {
  await expect(
    serveHealth(health, { host: '127.0.0.1', port: listener.port, setting: 'POSTHOUSE_HEALTH_PORT' }),
  ).rejects.toThrow(/^POSTHOUSE_HEALTH_PORT \d+ is taken/);
});

describe('what a client can hold', () => {
  const LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';
  /** None of these is met unless a test says so. */
  const PATIENT = { connections: 10, requestMs: 60_000, silenceMs: 60_000 };
  const serve = (limits: object): Promise<HealthListener> =>
    serveHealth(health, { host: '127.0.0.1', port: 0, setting: 'POSTHOUSE_HEALTH_PORT' }, { ...PATIENT, ...limits });
  async function open({ port }: HealthListener): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  test.for<[string, string]>([
    ['says nothing', ''],
    ['says half a request line', 'GET /health/li'],
    ['never ends its header', 'GET /health/live HTTP/1.1\r\nHost: a\r\nX: '],
  ])('one that %s is told so in time, and cut', async ([, octets]) => {
    const own = await serve({ requestMs: 50 });
    const socket = await open(own);
    socket.write(octets);
    expect(await text(socket)).toBe(LATE);
    await own.close();
  });

  test('one that asks and does not take its answers is cut', { timeout: 60_000 }, async () => {
    const own = await serve({ connections: 1, silenceMs: 50 });
    const unread = (await open(own)).pause();
    unread.on('error', () => undefined);
    unread.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10_000));
    let answer = '';
    while (answer === '') {
      const next = await open(own);
      next.write('GET /health/live HTTP/1.0\r\n\r\n');
      answer = await text(next).catch(() => '');
    }
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    unread.destroy();
    await own.close();
  });

  test('a connection over the cap is cut; a place that is freed is given again', async () => {
    const own = await serve({ connections: 2 });
    const [first, second] = [await open(own), await open(own)];
    const third = await open(own);
    expect(await text(third)).toBe('');
    first.destroy();
    second.write('GET /health/live HTTP/1.0\r\n\r\n');
    expect(await text(second)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const fourth = await open(own);
    fourth.write('GET /health/live HTTP/1.0\r\n\r\n');
    expect(await text(fourth)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    await own.close();
  });
});
