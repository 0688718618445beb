import { expect, test } from 'vitest';
import { memoryEngine, MemorySocket, MemoryStore } from './memory-engine.spec-helper.ts';

test('a house that closes lets a mail under way end, and then ends its session without being asked', async () => {
  const store = new MemoryStore();
  const engine = memoryEngine(store);
  const socket = new MemorySocket(engine);
  await socket.until((replies) => replies.startsWith('220 '));
  socket.client(
    Buffer.from('EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n'),
  );
  await socket.until((replies) => replies.includes('\r\n354 '));
  void engine.drain(new AbortController().signal);
  socket.client(Buffer.from('Subject: last\r\n\r\nbody\r\n.\r\n'));
  await socket.until((replies) => replies.includes('\r\n421 '));
  expect(socket.codes).toBe('220 250 250 250 354 250 421');
  expect(store.committed).toHaveLength(1);
});
