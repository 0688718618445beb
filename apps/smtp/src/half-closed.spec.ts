/** A client that has said all it wants to say and closes its side hears every answer; then we close ours. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMALL_BODY, type Committed, type IntakeMessage } from '#domain';
import { LineClient } from '#testing';
import { afterEach, expect, test } from 'vitest';
import type { IngressEngine } from './ingress-engine.ts';
import { memoryEngine, MemoryStore } from './memory-engine.spec-helper.ts';

const MAIL = 'MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n';
const HELLO = 'EHLO client.example\r\n';
const SMALL = 'Subject: x\r\n\r\nbody\r\n.\r\n';
const LARGE = `${'y'.repeat(70)}\r\n`.repeat(Math.ceil((3 * SMALL_BODY) / 72)) + '.\r\n';

let engine: IngressEngine | undefined;
afterEach(async () => {
  await engine?.drain(AbortSignal.abort());
  engine = undefined;
});

async function connected(store: MemoryStore): Promise<LineClient> {
  engine = memoryEngine(store);
  await once(engine.server.listen(0, '127.0.0.1'), 'listening');
  return LineClient.connect((engine.server.address() as AddressInfo).port);
}

/** All of it in one go, and our side closed behind it. Codes of all replies until the server closes too. */
async function sayAndClose(client: LineClient, text: string): Promise<string> {
  await client.send(text);
  client.socket.end();
  const lines = (await client.rest()).split('\r\n').filter((line) => line.charAt(3) === ' ');
  return lines.map((line) => line.slice(0, 3)).join(' ');
}

const GREETED = '220 250';
const TAKEN = '250 250 354 250';

test.for<[string, string, string, number]>([
  ['a whole mail', HELLO + MAIL + SMALL, `${GREETED} ${TAKEN}`, 1],
  ['three mails, pipelined', HELLO + (MAIL + SMALL).repeat(3), `${GREETED} ${TAKEN} ${TAKEN} ${TAKEN}`, 3],
  ['a mail and QUIT', `${HELLO}${MAIL}${SMALL}QUIT\r\n`, `${GREETED} ${TAKEN} 221`, 1],
  ['an envelope alone', `${HELLO}MAIL FROM:<>\r\nRCPT TO:<x@elsewhere.example>\r\n`, `${GREETED} 250 550`, 0],
  ['nothing but a greeting', HELLO, GREETED, 0],
  ['nothing', '', '220', 0],
  ['a refused message', `${HELLO}${MAIL}bare \n LF\r\n.\r\n`, `${GREETED} 250 250 354 554`, 0],
  ['a command that breaks off', `${HELLO}NOOP\r\nMAIL FROM:<a@b.example>`, `${GREETED} 250`, 0],
])('%s', async ([, text, codes, committed]) => {
  const store = new MemoryStore();
  expect(await sayAndClose(await connected(store), text)).toBe(codes);
  expect(store.committed).toHaveLength(committed);
});

test('a large mail', async () => {
  const store = new MemoryStore();
  expect(await sayAndClose(await connected(store), HELLO + MAIL + LARGE)).toBe(`${GREETED} ${TAKEN}`);
  expect([...store.large.values()].map(({ state }) => state)).toEqual(['accepted']);
});

test('the client closes first and the mail is committed after', async () => {
  const committing = Promise.withResolvers<void>();
  const store = new (class extends MemoryStore {
    override async commit(message: IntakeMessage): Promise<Committed> {
      await committing.promise;
      return super.commit(message);
    }
  })();
  const client = await connected(store);
  const codes = sayAndClose(client, HELLO + MAIL + SMALL);
  // Our FIN has reached the server when the socket it belongs to has ended.
  const [connection] = engine?.connections ?? [];
  const socket = connection && '_socket' in connection ? connection._socket : undefined;
  if (socket && !socket.readableEnded) await Promise.race([once(socket, 'end'), once(client.socket, 'finish')]);
  committing.resolve();
  expect(await codes).toBe(`${GREETED} ${TAKEN}`);
  expect(store.committed).toHaveLength(1);
});

test.for([`${MAIL}Subject: half\r\n\r\nof it`, `${MAIL}${LARGE.slice(0, 2 * SMALL_BODY)}`, MAIL])(
  'in the middle of a message it is given up, and nothing is kept',
  async (text) => {
    const store = new MemoryStore();
    expect(await sayAndClose(await connected(store), HELLO + text)).toBe(`${GREETED} 250 250 354`);
    await engine?.drain(new AbortController().signal);
    engine = undefined;
    expect([store.committed.length, store.large.size]).toEqual([0, 0]);
  },
);
