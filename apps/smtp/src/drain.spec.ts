/** A house that closes: who may finish, and what the others are told. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { CanonicalAddress, DirectoryFacts } from '#domain';
import { LineClient } from '#testing';
import { afterEach, expect, test } from 'vitest';
import type { IngressEngine } from './ingress-engine.ts';
import { memoryEngine, MemoryStore } from './memory-engine.spec-helper.ts';

const GOING_DOWN = '421 4.3.2 server is going down, try again soon\r\n';

let engine: IngressEngine | undefined;
afterEach(() => engine?.drain(AbortSignal.abort()));

/** A client that has said all this and has heard every reply to it. */
async function client(store: MemoryStore, ...commands: string[]): Promise<LineClient> {
  if (!engine?.server.listening) {
    engine = memoryEngine(store);
    await once(engine.server.listen(0, '127.0.0.1'), 'listening');
  }
  const { port } = engine.server.address() as AddressInfo;
  const connected = await LineClient.connect(port);
  await connected.line();
  for (const command of commands) {
    await connected.send(`${command}\r\n`);
    await connected.line();
  }
  return connected;
}

const HELO = 'HELO client.example';
const MAIL = 'MAIL FROM:<a@b.example>';
const RCPT = 'RCPT TO:<alice@example.org>';

test('a mail whose data have begun is taken, and then its session ends without being asked', async () => {
  const store = new MemoryStore();
  const sender = await client(store, HELO, MAIL, RCPT, 'DATA');
  const drained = engine?.drain(new AbortController().signal);
  await sender.send('Subject: last\r\n\r\nbody\r\n.\r\n');
  expect(await sender.line()).toMatch(/^250 2\.0\.0 queued/);
  expect(await sender.rest()).toBe(GOING_DOWN);
  expect(store.committed).toHaveLength(1);
  await drained;
});

test('what was pipelined behind it is not begun', async () => {
  const store = new MemoryStore();
  const sender = await client(store, HELO, MAIL, RCPT, 'DATA');
  const drained = engine?.drain(new AbortController().signal);
  await sender.send(`body\r\n.\r\n${MAIL}\r\n${RCPT}\r\nDATA\r\nmore\r\n.\r\n`);
  expect(await sender.line()).toMatch(/^250 2\.0\.0 queued/);
  expect(await sender.rest()).toBe(GOING_DOWN);
  expect(store.committed).toHaveLength(1);
  await drained;
});

test('a mail whose envelope has begun is taken as well', async () => {
  const store = new MemoryStore();
  const sender = await client(store, HELO, MAIL);
  const drained = engine?.drain(new AbortController().signal);
  await sender.send(`${RCPT}\r\nDATA\r\n`);
  expect([await sender.line(), await sender.line()]).toEqual([
    '250 2.1.5 recipient ok',
    '354 End data with <CR><LF>.<CR><LF>',
  ]);
  await sender.send('body\r\n.\r\n');
  expect(await sender.line()).toMatch(/^250 2\.0\.0 queued/);
  expect(await sender.rest()).toBe(GOING_DOWN);
  expect(store.committed).toHaveLength(1);
  await drained;
});

test.for([[MAIL], [MAIL, RCPT]])('one that has said %j and no more is waited for a moment only', async (commands) => {
  engine = memoryEngine(new MemoryStore(), undefined, undefined, 1);
  await once(engine.server.listen(0, '127.0.0.1'), 'listening');
  const sender = await client(new MemoryStore(), HELO, ...commands);
  const drained = engine.drain(new AbortController().signal);
  expect(await sender.rest()).toBe(GOING_DOWN);
  await drained;
});

test('an envelope that is taken back ends the session', async () => {
  const sender = await client(new MemoryStore(), HELO, MAIL, RCPT);
  const drained = engine?.drain(new AbortController().signal);
  await sender.send('RSET\r\n');
  expect(await sender.rest()).toBe(GOING_DOWN);
  await drained;
});

test.for([[], [HELO]])('nobody waits for one who has said %j', async (commands) => {
  const sender = await client(new MemoryStore(), ...commands);
  const drained = engine?.drain(new AbortController().signal);
  expect(await sender.rest()).toBe(GOING_DOWN);
  await drained;
});

/** The directory answers when the test says so. */
class SlowDirectory extends MemoryStore {
  readonly asked = Promise.withResolvers<void>();
  readonly go = Promise.withResolvers<void>();

  override async directoryFacts(addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> {
    this.asked.resolve();
    await this.go.promise;
    return super.directoryFacts(addresses);
  }
}

test('when the time is up, a recipient that is being looked up is not waited for, and its answer does not follow the last word', async () => {
  const store = new SlowDirectory();
  const sender = await client(store, HELO, MAIL);
  await sender.send(`${RCPT}\r\nDATA\r\n`);
  await store.asked.promise;
  const drained = engine?.drain(AbortSignal.abort());
  store.go.resolve();
  expect(await sender.rest()).toBe(GOING_DOWN);
  await drained;
});

test('when the time is up, one in the middle of its mail is told so', async () => {
  const store = new MemoryStore();
  const sender = await client(store, HELO, MAIL, RCPT, 'DATA');
  const time = new AbortController();
  const drained = engine?.drain(time.signal);
  await sender.send('Subject: half\r\n\r\nof it');
  time.abort();
  expect(await sender.rest()).toBe(GOING_DOWN);
  await drained;
  expect(store.committed).toEqual([]);
});
