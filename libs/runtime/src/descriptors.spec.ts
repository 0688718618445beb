/** A process whose limit of open files is reached by connections: each refusal is said, logged and counted, and nothing else goes wrong. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ConnectionCaps } from './connection-caps.ts';
import { descriptorLimit, Descriptors, MAX_BEING_REFUSED, SPARE_DESCRIPTORS, SPARE_FOR_HTTP } from './descriptors.ts';

test('the limit is read, where the system tells it', () => {
  expect(descriptorLimit('/nowhere')).toBe(Infinity);
  if (process.platform === 'linux') expect(descriptorLimit()).toBeGreaterThan(100);
});

test.for([
  [20_000, 20_000 - SPARE_DESCRIPTORS],
  [1_024, 1_024 - SPARE_DESCRIPTORS],
  [100, 50],
  [Infinity, Infinity],
] as const)('of %s descriptors connections get %s', ([limit, connections]) => {
  expect(new Descriptors(limit).connections).toBe(connections);
});

test('listeners share them, what was refused takes none, and the HTTP port has some of its own', () => {
  const descriptors = new Descriptors(6);
  const caps = [new ConnectionCaps(100, 1, descriptors), new ConnectionCaps(2, 100, descriptors)] as const;
  expect(caps[0].take('192.0.2.1', false)).toBeUndefined();
  expect(caps[0].take('192.0.2.1', false)).toBe('too many from one address');
  expect(caps[1].take('192.0.2.1', false)).toBeUndefined();
  expect(caps[1].take('192.0.2.1', false)).toBeUndefined();
  expect(caps[1].take('192.0.2.1', false)).toBe('too many');
  expect(caps[0].take('192.0.2.2', false)).toBe('too many for the process');
  expect([descriptors.take(SPARE_FOR_HTTP), descriptors.take()]).toEqual([true, false]);
  descriptors.give();
  caps[1].give('192.0.2.1');
  expect(caps[0].take('192.0.2.2', false)).toBeUndefined();
});

test('of many that are refused at once some are told, and all are closed', () => {
  const descriptors = new Descriptors(0);
  const sockets = Array.from({ length: MAX_BEING_REFUSED + 2 }, () => new Socket().on('error', () => undefined));
  for (const socket of sockets) descriptors.refuse(socket, 'busy\r\n');
  expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(2);
});

test('300 open files: the clients beyond are told, logged and counted, while the others stay', async ({ skip }) => {
  skip(process.platform !== 'linux', 'only Linux has the limit in /proc');
  const helper = fileURLToPath(new URL('descriptors.spec-helper.ts', import.meta.url));
  const command = 'ulimit -n 300; exec "$0" --conditions=source "$1"';
  const child = spawn('bash', ['-c', command, process.execPath, helper], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: Record<string, unknown>[] = [];
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  const find = async (key: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const found = lines.find((line) => key in line);
      if (found) return found;
      await once(output, 'line');
    }
  };
  const { ports, connections } = (await find('ports')) as { ports: number[]; connections: number };
  const clients: Socket[] = [];
  const open = async (at: number): Promise<string> => {
    const socket = connect({ port: ports[at % ports.length] ?? 0, host: '127.0.0.1' });
    clients.push(socket.on('error', () => undefined));
    return Promise.race([once(socket, 'data').then(String), once(socket, 'close').then(() => 'closed')]);
  };
  try {
    for (let at = 0; at < connections; at++) expect(await open(at)).toBe('hello\r\n');
    for (let at = 0; at < 6; at++) expect(await open(at)).toBe('busy\r\n');
    const burst = await Promise.all(Array.from({ length: 400 }, (_, at) => open(at)));
    expect(burst).not.toContain('hello\r\n');
    expect(burst).toContain('busy\r\n');
    child.stdin.write('count\n');
    expect(await find('refused')).toEqual({ refused: 406 });
    expect(lines.find(({ msg }) => msg === 'connection refused')).toMatchObject({
      why: 'too many for the process',
      remote: '127.0.0.1',
    });
    expect(clients.slice(0, connections).filter(({ destroyed }) => destroyed)).toEqual([]);
    // A place that comes free is given again.
    clients[0]?.resetAndDestroy();
    let answer = await open(0);
    while (answer !== 'hello\r\n') answer = await open(0);
  } finally {
    for (const client of clients) client.destroy();
    child.kill();
  }
});
