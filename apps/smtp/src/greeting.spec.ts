import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { memoryEngine, MemorySocket, MemoryStore } from './memory-engine.spec-helper.ts';

const HELLO = 'EHLO client.example\r\n';

test('a client that talks before the greeting is heard after it', async () => {
  const socket = new MemorySocket(memoryEngine(new MemoryStore()));
  socket.client(Buffer.from(`${HELLO}QUIT\r\n`));
  await socket.until((replies) => replies.includes('221 '));
  expect(socket.codes).toBe('220 250 221');
});

test('and so over TCP, every time', async () => {
  const { server } = memoryEngine(new MemoryStore());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const talk = async (): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    socket.end(`${HELLO}QUIT\r\n`);
    let heard = '';
    for await (const chunk of socket) heard += String(chunk);
    return heard.replaceAll(/^(...).*\r\n/gm, '$1 ');
  };
  const answers = await Promise.all(Array.from({ length: 200 }, talk));
  expect(new Set(answers)).toEqual(new Set(['220 250 250 250 250 250 250 221 ']));
  server.close();
});
