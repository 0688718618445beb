/** What a client costs that sends its message octet by octet: memory for the octets, not for the segments. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BODY_BUDGET, OctetBudget } from '#runtime';
import { expect, test } from 'vitest';
import { QUEUED_OCTETS } from './data-parser.ts';
import { memoryEngine, MemorySocket, MemoryStore } from './memory-engine.spec-helper.ts';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

const ENVELOPE = 'EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n';
const LINE = Buffer.from(`${'y'.repeat(70)}\r\n`);

/** As a socket gives it: a buffer with memory of its own. */
function segment(at: number): Buffer {
  const octet = Buffer.allocUnsafeSlow(1);
  octet[0] = LINE[at % LINE.length] ?? 0;
  return octet;
}

async function inData(store: MemoryStore, budget: OctetBudget): Promise<MemorySocket> {
  const socket = new MemorySocket(memoryEngine(store, 10_000_000, budget));
  await socket.until((replies) => replies.startsWith('220 '));
  socket.client(Buffer.from(ENVELOPE));
  await socket.until((replies) => replies.includes('\r\n354 '));
  return socket;
}

function held(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('half a million segments of one octet keep nothing but the octets', async () => {
  const octets = 500_000;
  const store = new MemoryStore();
  const socket = await inData(store, new OctetBudget(BODY_BUDGET));
  const before = held();
  for (let at = 0; at < octets; at++) {
    socket.client(segment(at));
    if (at % 1_000 === 0) await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
  // The buffer of the body has doubled to at most 1 MiB; a retained segment costs some hundred octets, all of them some hundred MiB.
  expect(held() - before).toBeLessThan(8 * 1024 * 1024);
  socket.client(Buffer.from('\r\n.\r\n'));
  await socket.until((replies) => /\r\n354 [^\r\n]*\r\n\d\d\d /.test(replies));
  expect(socket.codes).toBe('220 250 250 250 354 250');
  expect(store.committed[0]?.digest.octets).toBeGreaterThan(octets);
});

/** Its first chunk waits until the test says so. */
class StuckStore extends MemoryStore {
  readonly stuck = Promise.withResolvers<void>();
  readonly go = Promise.withResolvers<void>();

  override async appendChunk(...chunk: Parameters<MemoryStore['appendChunk']>): Promise<void> {
    this.stuck.resolve();
    await this.go.promise;
    await super.appendChunk(...chunk);
  }
}

test('while the store makes it wait, a client that sends octet by octet is not read ahead of', async () => {
  const store = new StuckStore();
  const socket = await inData(store, new OctetBudget(0));
  socket.client(Buffer.concat(Array.from({ length: 4_000 }, () => LINE)));
  await store.stuck.promise;
  let taken = 0;
  while (socket.client(segment(taken))) {
    if (++taken % 1_000 === 0) await new Promise(setImmediate);
  }
  expect(taken).toBeLessThanOrEqual(2 * QUEUED_OCTETS);
  store.go.resolve();
  socket.client(Buffer.from('\r\n.\r\n'));
  await socket.until((replies) => /\r\n354 [^\r\n]*\r\n\d\d\d /.test(replies));
  expect(socket.codes).toBe('220 250 250 250 354 250');
});
