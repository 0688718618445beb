import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { Connection } from './connection.ts';
import { silentLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { TcpServer, type TcpServerOptions, type TcpSession } from './tcp-server.ts';

/** Says hello, echoes, `hold` keeps the connection through a shutdown, `fault` throws. */
class Echo implements TcpSession {
  readonly events: string[] = [];
  readonly connection: Connection;
  onClosed: () => void = () => undefined;
  #held = false;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.socket.write('hello\r\n');
  }

  data(chunk: Buffer): void {
    if (chunk.includes('fault')) throw new Error('a fault of the session');
    this.#held ||= chunk.includes('hold');
    this.connection.socket.write(chunk);
  }

  end(): void {
    this.events.push('end');
    this.connection.hangUp();
  }

  idle(): void {
    this.events.push('idle');
    this.connection.hangUp('idle\r\n');
  }

  shutdown(): void {
    this.events.push('shutdown');
    if (!this.#held) this.connection.hangUp('bye\r\n');
  }

  closed(): void {
    this.events.push('closed');
    this.onClosed();
  }
}

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

async function house(options: Partial<TcpServerOptions> = {}, host = '127.0.0.1') {
  const sessions: Echo[] = [];
  const metrics = new Metrics();
  const server = new TcpServer(
    {
      protocol: 'pop3',
      setting: 'POSTHOUSE_POP3_PORT',
      maxConnections: 100,
      maxConnectionsPerIp: 2,
      idleSeconds: 60,
      refusal: 'busy\r\n',
      log: silentLog(),
      metrics,
      ...options,
    },
    (connection) => {
      const session = new Echo(connection);
      sessions.push(session);
      return session;
    },
  );
  const port = await server.listen(0, host);
  undo.push(() => server.close(AbortSignal.abort()));
  return { sessions, metrics, server, port };
}

async function client(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.setEncoding('utf8').on('error', () => undefined);
  undo.push(async () => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side closes. */
async function rest(socket: Socket): Promise<string> {
  let said = '';
  socket.on('data', (chunk: string) => (said += chunk));
  await once(socket, 'close');
  return said;
}

const said = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);

describe('caps', () => {
  test('over the cap of the listener a client hears why, and a place given up is free again', async () => {
    const lines: object[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as object) });
    const { sessions, port, metrics } = await house({ maxConnections: 2, log });
    const first = await client(port);
    await said(first);
    await said(await client(port));
    expect(await rest(await client(port))).toBe('busy\r\n');
    expect(lines[0]).toMatchObject({ msg: 'connection refused', protocol: 'pop3', remote: '127.0.0.1' });
    const gone = new Promise<void>((resolve) => (sessions[0]!.onClosed = resolve));
    first.destroy();
    await gone;
    expect(await said(await client(port))).toBe('hello\r\n');
    expect(await metrics.text()).toMatch(/refused_total\{protocol="pop3",reason="too many"\} 1/);
  });

  test('loopback is exempt from the cap per address', async () => {
    const { port, server } = await house();
    for (let open = 0; open < 5; open++) expect(await said(await client(port))).toBe('hello\r\n');
    expect(server.size).toBe(5);
  });
});

test('a client that sends all and closes its end gets every answer', async () => {
  const { port, sessions } = await house();
  const socket = await client(port);
  socket.end('a\r\nb\r\n');
  expect(await rest(socket)).toBe('hello\r\na\r\nb\r\n');
  expect(sessions[0]?.events).toEqual(['end', 'closed']);
});

test('a fault of a session ends that connection and no other', async () => {
  const { port } = await house();
  const [bad, good] = [await client(port), await client(port)];
  await said(good);
  bad.write('fault');
  await rest(bad);
  good.write('still here');
  expect(await said(good)).toBe('still here');
});

test('a reset by the client ends its session', async () => {
  const { port, sessions } = await house();
  const socket = await client(port);
  await said(socket);
  const gone = new Promise<void>((resolve) => (sessions[0]!.onClosed = resolve));
  socket.resetAndDestroy();
  await gone;
  expect(sessions[0]?.events).toEqual(['closed']);
});

test('silence ends in idle(), for one connection sooner than for the others', async () => {
  const { port, sessions } = await house({ idleSeconds: 1 });
  const [quiet, patient] = [await client(port), await client(port)];
  await said(patient);
  sessions[1]!.connection.idleSeconds = 3_600;
  expect(await rest(quiet)).toMatch(/idle\r\n$/);
  patient.write('still here');
  expect(await said(patient)).toBe('still here');
});

test('a deadline ends a client that dribbles', async () => {
  const { port, sessions } = await house({ idleSeconds: 1 });
  const socket = await client(port);
  await said(socket);
  const connection = sessions[0]!.connection;
  connection.idleSeconds = 3_600;
  connection.deadline = performance.now();
  const dribble = setInterval(() => socket.write('x'), 20);
  expect(await rest(socket)).toMatch(/idle\r\n$/);
  clearInterval(dribble);
});

describe('close()', () => {
  test('says goodbye, refuses new clients, resolves when all are gone', async () => {
    const { port, sessions, server } = await house();
    const socket = await client(port);
    const heard = rest(socket);
    await once(socket, 'data');
    await server.close(new AbortController().signal);
    expect([await heard, server.size]).toEqual(['hello\r\nbye\r\n', 0]);
    expect(sessions[0]?.events).toEqual(['shutdown', 'closed']);
    await expect(once(connect({ port, host: '127.0.0.1' }), 'connect')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('waits for a command in hand, no longer than it may', async () => {
    const { port, server } = await house();
    const socket = await client(port);
    await said(socket);
    socket.write('hold');
    await said(socket);
    const heard = rest(socket);
    const cut = new AbortController();
    const closed = server.close(cut.signal);
    expect(server.size).toBe(1);
    cut.abort();
    await closed;
    expect([await heard, server.size]).toEqual(['', 0]);
  });
});

test('a taken port is named with its setting', async () => {
  const other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
  undo.push(async () => void other.close());
  const address = other.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const server = new TcpServer(
    {
      protocol: 'imap',
      setting: 'POSTHOUSE_IMAP_PORT',
      maxConnections: 1,
      maxConnectionsPerIp: 1,
      idleSeconds: 1,
      refusal: '',
      log: silentLog(),
      metrics: new Metrics(),
    },
    (connection) => new Echo(connection),
  );
  await expect(server.listen(port, '127.0.0.1')).rejects.toThrow(
    `POSTHOUSE_IMAP_PORT ${port} is taken on 127.0.0.1: stop the program that listens there, or set POSTHOUSE_IMAP_PORT to a free port (0 = any)`,
  );
});
