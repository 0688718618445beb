/** The memory of messages that are coming, over every way a DATA can end. */
import { CHUNK_OCTETS, type Committed, type IntakeMessage } from '#domain';
import { OctetBudget } from '#runtime';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryEngine, MemorySocket, MemoryStore } from './memory-engine.spec-helper.ts';

const BUDGET = 2 * 1024 * 1024;
const LIMIT = 1_500_000;
const ENVELOPE = 'EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n';

/** Waits, or fails, where it shall. */
class SlowStore extends MemoryStore {
  readonly #fails: boolean;
  readonly #waits: Promise<void>;

  constructor({ fails = false, waits = Promise.resolve() } = {}) {
    super();
    this.#fails = fails;
    this.#waits = waits;
  }

  override async commit(message: IntakeMessage): Promise<Committed> {
    await this.#waits;
    if (this.#fails) throw new Error('away');
    return super.commit(message);
  }

  override async appendChunk(...chunk: Parameters<MemoryStore['appendChunk']>): Promise<void> {
    await this.#waits;
    if (this.#fails) throw new Error('away');
    await super.appendChunk(...chunk);
  }
}

async function inData(store: MemoryStore, budget: OctetBudget): Promise<MemorySocket> {
  const socket = new MemorySocket(memoryEngine(store, LIMIT, budget));
  await socket.until((replies) => replies.startsWith('220 '));
  socket.client(Buffer.from(ENVELOPE));
  await socket.until((replies) => replies.includes('\r\n354 '));
  return socket;
}

const text = (octets: number): Buffer => Buffer.alloc(octets, `${'y'.repeat(70)}\r\n`);
const END = '\r\n.\r\n';
/** The reply to the data, or the end. */
const answered = (socket: MemorySocket): Promise<void> =>
  socket.until((replies) => /\r\n354 [^\r\n]*\r\n\d\d\d /.test(replies));

async function settled(budget: OctetBudget, octets = BUDGET): Promise<void> {
  for (let turn = 0; turn < 1_000 && budget.free !== octets; turn++) await new Promise(setImmediate);
  expect(budget.free).toBe(octets);
}

test('a message counts until its commit is done', async () => {
  const budget = new OctetBudget(BUDGET);
  const { promise, resolve } = Promise.withResolvers<void>();
  const store = new SlowStore({ waits: promise });
  const socket = await inData(store, budget);
  socket.client(Buffer.concat([text(500_000), Buffer.from(END)]));
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  expect(BUDGET - budget.free).toBeGreaterThan(500_000);
  resolve();
  await answered(socket);
  expect(socket.codes).toBe('220 250 250 250 354 250');
  await settled(budget);
});

test('when the budget is used up a small message is stored in chunks, and taken all the same', async () => {
  const budget = new OctetBudget(0);
  const store = new MemoryStore();
  const socket = await inData(store, budget);
  socket.client(Buffer.concat([text(600_000), Buffer.from(END)]));
  await answered(socket);
  expect(socket.codes).toBe('220 250 250 250 354 250');
  const [stored] = store.large.values();
  expect(stored?.state).toBe('accepted');
  expect(stored?.chunks.map(({ length }) => length).slice(0, 2)).toEqual([CHUNK_OCTETS, CHUNK_OCTETS]);
  expect(Buffer.concat(stored?.chunks ?? []).includes(text(600_000))).toBe(true);
  await settled(budget, 0);
});

const ending = fc.constantFrom('whole', 'bare LF', 'gone', 'reset');
const visit = fc.record({
  octets: fc.integer({ min: 0, max: 2_000_000 }),
  ending,
  fails: fc.boolean(),
  piece: fc.integer({ min: 10_000, max: 500_000 }),
});

test('whatever becomes of messages, their memory is given back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 4 }), async (visits) => {
      const budget = new OctetBudget(BUDGET);
      await Promise.all(
        visits.map(async ({ octets, ending: end, fails, piece }) => {
          const socket = await inData(new SlowStore({ fails }), budget);
          const message = text(octets);
          for (let at = 0; at < octets; at += piece) {
            socket.client(message.subarray(at, at + piece));
            await new Promise(setImmediate);
          }
          if (end === 'gone') socket.destroy();
          else if (end === 'reset') socket.destroy(new Error('ECONNRESET'));
          else socket.client(Buffer.from(end === 'whole' ? END : `\nx${END}`));
          if (end === 'whole' || end === 'bare LF') await answered(socket);
        }),
      );
      await settled(budget);
    }),
    { numRuns: 40 },
  );
});
