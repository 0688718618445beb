/** What is stored of a message, and what its digest says of it. */
import { afterEach, expect, test } from 'vitest';
import { MemorySocket, MemoryStore, memoryEngine } from './memory-engine.spec-helper.ts';

const ENVELOPE = 'MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n';
const TRACE = /^Received: [^\r]*\r\n(?:\t[^\r]*\r\n)*/;

const sockets: MemorySocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** One session; each write is one chunk for the parser. */
async function say(store: MemoryStore, hello: string, writes: readonly string[]): Promise<MemorySocket> {
  const socket = new MemorySocket(memoryEngine(store));
  sockets.push(socket);
  await socket.until((replies) => replies.includes('220 '));
  socket.client(Buffer.from(hello + ENVELOPE));
  await socket.until((replies) => replies.includes('354 '));
  for (const write of writes) {
    socket.client(Buffer.from(write, 'latin1'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await socket.until((replies) => /\r\n354 [^\r\n]*\r\n\d\d\d /.test(replies));
  return socket;
}

/** Of the one message that was committed. */
function stored(store: MemoryStore): { trace: string; text: string; octets: number; headerOctets: number } {
  const [message, ...more] = store.committed.splice(0);
  expect(more).toHaveLength(0);
  const whole = Buffer.concat(message?.body ?? []).toString('latin1');
  const trace = TRACE.exec(whole)?.[0] ?? '';
  expect(trace).not.toBe('');
  const { octets = 0, headerOctets = 0 } = message?.digest ?? {};
  expect(octets).toBe(whole.length);
  return { trace, text: whole.slice(trace.length), octets, headerOctets };
}

test.for<[string, string]>([
  ['Hello there, no header\r\nSecond line\r\n', '\r\n'],
  ['\tfor <forged@example.org>\r\nSubject: text\r\n', '\r\n'],
  ['From here on it is text\r\nand goes on\r\n', '\r\n'],
])('%j is a body behind an empty line, at every split', async ([data, before]) => {
  const store = new MemoryStore();
  for (let at = 1; at < data.length; at++) {
    await say(store, 'EHLO c\r\n', [data.slice(0, at), data.slice(at), '.\r\n']);
    const { trace, text, headerOctets } = stored(store);
    expect(text, `split at ${at}`).toBe(before + data);
    expect(headerOctets, `split at ${at}`).toBe(trace.length + before.length);
  }
});

test.for<[string, number]>([
  ['Subject: a header\r\n\r\nbody\r\n', 21],
  ['\r\nbody\r\n', 2],
  ['From a@b.example Mon Jun  1 10:15:00 2026\r\nSubject: a header\r\n\r\nbody\r\n', 64],
  ['', 0],
])('of %j nothing changes', async ([data, header]) => {
  const store = new MemoryStore();
  await say(store, 'EHLO c\r\n', [data, '.\r\n']);
  const { trace, text, headerOctets } = stored(store);
  expect(text).toBe(data);
  expect(headerOctets).toBe(trace.length + header);
});

test.for<[string, string, string]>([
  ['EHLO c\r\n', '250', 'ESMTP'],
  ['HELO c\r\n', '250', 'SMTP'],
  ['HELO c\r\nEHLO\r\n', '250 501', 'SMTP'],
  ['HELO c\r\nEHLO a b\r\n', '250 501', 'SMTP'],
  ['EHLO c\r\nHELO\r\n', '250 501', 'ESMTP'],
  ['EHLO c\r\nLHLO c\r\n', '250 500', 'ESMTP'],
  ['EHLO\r\nHELO c\r\n', '501 250', 'SMTP'],
  ['EHLO c\r\nHELO c\r\n', '250 250', 'SMTP'],
  ['HELO c\r\nEHLO c\r\n', '250 250', 'ESMTP'],
])('after %j (%s) the mail came with %s', async ([hello, replies, protocol]) => {
  const store = new MemoryStore();
  const socket = await say(store, hello, ['Subject: x\r\n\r\n.\r\n']);
  expect(socket.codes).toBe(`220 ${replies} 250 250 354 250`);
  // RFC 3848: ESMTP is what followed an EHLO that was taken.
  expect(stored(store).trace).toContain(`(Posthouse) with ${protocol} id msg_`);
});
