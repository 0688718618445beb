import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Connection } from './connection.ts';

const SECONDS = 100;
const server = createServer();
let client: Socket;
afterEach(() => {
  client.destroy();
  server.close();
});

test('a remark is no sign of life, other octets are', async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  client = connect(address.port, '127.0.0.1');
  const [socket]: Socket[] = await once(server, 'connection');
  if (!socket) throw new Error('no connection');
  const connection = new Connection(socket, '127.0.0.1', SECONDS);
  const start = performance.now();
  const later = (times: number): boolean => connection.isOverdue(start + times * SECONDS * 1_000);
  expect(later(0.5)).toBe(false);
  connection.remark('* OK still here\r\n');
  await once(client, 'data');
  expect(later(1.1)).toBe(true);
  socket.write('* 1 EXISTS\r\n');
  await once(client, 'data');
  expect(later(1.2)).toBe(false);
  expect(later(2.3)).toBe(true);
});
