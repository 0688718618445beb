/** The memory of envelopes before DATA: bounded for all connections together, and given back however a transaction ends. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Committed, IntakeMessage } from '#domain';
import { OctetBudget } from '#runtime';
import { SmtpTalk } from '#testing';
import { afterEach, expect, test } from 'vitest';
import type { IngressEngine } from './ingress-engine.ts';
import { memoryEngine, MemoryStore } from './memory-engine.spec-helper.ts';

const BUDGET = 200_000;
const FULL = '452 4.3.1 no room for more recipients now, send to the rest later';
const ORCPT = ` ORCPT=rfc822;${'o'.repeat(490)}`;

let engine: IngressEngine | undefined;
afterEach(async () => {
  await engine?.drain(AbortSignal.abort());
  engine = undefined;
});

async function house(store = new MemoryStore()) {
  const budget = new OctetBudget(BUDGET);
  const opened = memoryEngine(store, undefined, undefined, undefined, budget);
  engine = opened;
  await once(opened.server.listen(0, '127.0.0.1'), 'listening');
  return { budget, store, open: () => SmtpTalk.open((opened.server.address() as AddressInfo).port, 'client.example') };
}

/** Names recipients until one is refused; gives how many were taken, and the refusal. */
async function fill(talk: SmtpTalk, parameters = ORCPT): Promise<{ taken: number; refusal: string }> {
  await talk.say('MAIL FROM:<a@b.example>');
  for (let taken = 0; ; taken++) {
    const reply = await talk.say(`RCPT TO:<r${taken}@example.org>${parameters}`);
    if (!reply.startsWith('250')) return { taken, refusal: reply };
  }
}

async function givenBack(budget: OctetBudget): Promise<void> {
  for (let turn = 0; turn < 10_000 && budget.free !== BUDGET; turn++) await new Promise(setImmediate);
  expect(budget.free).toBe(BUDGET);
}

test('when envelopes fill the budget further recipients are put off, and others still send to one', async () => {
  const { budget, open, store } = await house();
  const [hoarder, other] = await Promise.all([open(), open()]);
  const { taken, refusal } = await fill(hoarder);
  expect(refusal).toBe(FULL);
  expect(taken).toBeGreaterThan(50);
  expect(taken).toBeLessThan(150);
  expect(await other.envelope('c@d.example', ['x@example.org', 'y@example.org', 'x@example.org'])).toEqual([
    '250 2.1.0 sender ok',
    '250 2.1.5 recipient ok',
    FULL,
    '250 2.1.5 recipient ok',
  ]);
  expect(await other.data('Subject: x\r\n\r\nx\r\n')).toMatch(/^250 2\.0\.0 /);
  // What was taken is sent, and there is room again.
  expect(await hoarder.data('Subject: x\r\n\r\nx\r\n')).toMatch(/^250 2\.0\.0 /);
  expect(store.committed.map(({ recipients }) => recipients.length)).toEqual([1, taken]);
  await givenBack(budget);
  expect((await fill(hoarder)).taken).toBe(taken);
});

test.for<[string, (talk: SmtpTalk) => Promise<unknown>]>([
  ['RSET', (talk) => talk.say('RSET')],
  ['EHLO', (talk) => talk.say('EHLO again.example')],
  ['HELO', (talk) => talk.say('HELO again.example')],
  ['QUIT', (talk) => talk.quit()],
  ['a client that closes', (talk) => talk.client.end()],
  ['a reset', (talk) => Promise.resolve(talk.client.socket.resetAndDestroy())],
  ['a refused message', (talk) => talk.data('Subject: x\r\n\r\nbare \n LF\r\n')],
  [
    'a client that goes in the middle of its message',
    async (talk) => {
      await talk.say('DATA');
      await talk.client.send('Subject: x\r\n');
      talk.client.socket.destroy();
    },
  ],
])('given back by %s', async ([, end]) => {
  const { budget, open } = await house();
  const talk = await open();
  await talk.envelope('a@b.example', ['x@example.org', 'y@example.org']);
  expect(budget.free).toBeLessThan(BUDGET - 2_000);
  await end(talk);
  await givenBack(budget);
});

test('an envelope counts until its message is stored, though its client has gone', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const committing = Promise.withResolvers<void>();
  const store = new (class extends MemoryStore {
    override async commit(message: IntakeMessage): Promise<Committed> {
      committing.resolve();
      await promise;
      return super.commit(message);
    }
  })();
  const { budget, open } = await house(store);
  const talk = await open();
  await talk.envelope('a@b.example', ['x@example.org', 'y@example.org']);
  const held = budget.free;
  void talk.data('Subject: x\r\n\r\nx\r\n').catch(() => undefined);
  await committing.promise;
  talk.client.socket.destroy();
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  expect(budget.free).toBe(held);
  resolve();
  await givenBack(budget);
});

test('a client that goes while the directory is asked takes nothing', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const store = new (class extends MemoryStore {
    override async directoryFacts(...question: Parameters<MemoryStore['directoryFacts']>) {
      asked.resolve();
      await answer.promise;
      return super.directoryFacts(...question);
    }
  })();
  const { budget, open } = await house(store);
  const talk = await open();
  await talk.client.send('MAIL FROM:<a@b.example>\r\nRCPT TO:<x@example.org>\r\n');
  await asked.promise;
  const closed = new Promise<void>((resolve) => {
    for (const connection of engine?.connections ?? []) connection._socket.once('close', () => resolve());
  });
  talk.client.socket.destroy();
  await closed;
  answer.resolve();
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  expect(budget.free).toBe(BUDGET);
});
