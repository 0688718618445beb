import { afterEach, describe, expect, test, vi } from 'vitest';
import type { IngressEngine } from './ingress-engine.ts';
import { MemorySocket, MemoryStore, memoryEngine } from './memory-engine.spec-helper.ts';

/** The end of data as some servers see it and RFC 5321 2.3.8 does not. */
const LOOKALIKES = [
  '\n.\n',
  '\n.\r\n',
  '\r\n.\n',
  '\r.\r',
  '\r.\r\n',
  '\r\n.\r',
  '\n.\r',
  '\r.\n',
  '\r\n\0.\r\n',
  '\n\0.\r\n',
  '\r\n.\0\r\n',
  '\r\n.\r\0\n',
  '\r\r\n.\r\r\n',
  '\r\n.\r\r\n',
  '\r\r\n.\r\n',
  '\n\n.\n\n',
];
const SMUGGLED =
  'MAIL FROM:<admin@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nforged\r\n.\r\n';
const ENVELOPE = 'EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n';

vi.setConfig({ testTimeout: 60_000 }); // some hundred sessions each

const sockets: MemorySocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** One session: the envelope, then the data octets in these writes. Waits for the reply to the data and for all that it sets off. */
async function session(writes: readonly Buffer[], engine: IngressEngine): Promise<MemorySocket> {
  const socket = new MemorySocket(engine);
  sockets.push(socket);
  await socket.until((replies) => replies.includes('220 '));
  socket.client(Buffer.from(ENVELOPE));
  await socket.until((replies) => replies.includes('354 '));
  for (const write of writes) {
    socket.client(write);
    await new Promise((resolve) => setImmediate(resolve)); // a write of its own for the parser
  }
  await socket.until((replies) => replies.split('354 ')[1]?.includes('\r\n', 40) === true);
  await new Promise((resolve) => setImmediate(resolve));
  return socket;
}

const split = (octets: Buffer, at: number): Buffer[] =>
  [octets.subarray(0, at), octets.subarray(at)].filter(({ length }) => length > 0);

describe.each(LOOKALIKES)('%j is no end of data', (lookalike) => {
  test.each(['Subject: first\r\n\r\nbody', '', 'body\r\n'])('after %j, at every split', async (before) => {
    const octets = Buffer.from(`${before}${lookalike}${SMUGGLED}QUIT\r\n`, 'latin1');
    const store = new MemoryStore();
    const engine = memoryEngine(store);
    for (let at = 0; at <= octets.length; at++) {
      const { codes, replies } = await session(split(octets, at), engine);
      expect(replies, `split at ${at}`).toMatch(/55[0-9] 5\.6\.0 message contains/);
      expect(
        codes.split(' ').filter((code) => code === '354'),
        `split at ${at}: ${codes}`,
      ).toHaveLength(1);
      expect(store.committed, `split at ${at}`).toHaveLength(0);
      expect(store.large.size).toBe(0);
    }
  });

  test('octet by octet', async () => {
    const octets = Buffer.from(`Subject: first\r\n\r\nbody${lookalike}${SMUGGLED}`, 'latin1');
    const store = new MemoryStore();
    const { codes } = await session(
      [...octets].map((octet) => Buffer.from([octet])),
      memoryEngine(store),
    );
    expect(codes.split(' ').filter((code) => code === '354')).toHaveLength(1);
    expect(store.committed).toHaveLength(0);
  });
});

describe('dot-stuffing', () => {
  /** And what stands between the field put on top and the message. */
  const bodies: [string, string][] = [
    ['Subject: x\r\n\r\nbody\r\n', ''],
    ['.\r\n', '\r\n'],
    ['..\r\n.\r\n..\r\n', '\r\n'],
    ['\r\n.\r\n', ''],
    ['Subject: x\r\n\r\n.\r\n..a\r\n...\r\n\r\n.\r\n', ''],
    ['\r\n\r\n.\r\n\r\n.b\r\n', ''],
    ['', ''],
  ];
  test.each(bodies)('%j arrives as it is, at every split', async (body, before) => {
    const stuffed = body.replaceAll(/^\./gm, '..');
    const octets = Buffer.from(`${stuffed}.\r\n`, 'latin1');
    const store = new MemoryStore();
    const engine = memoryEngine(store);
    for (let at = 0; at <= octets.length; at++) {
      await session(split(octets, at), engine);
      const [message, ...more] = store.committed.splice(0);
      expect(more).toHaveLength(0);
      expect(withoutReceived(Buffer.concat(message?.body ?? [])), `split at ${at}`).toBe(before + body);
    }
  });

  test.each(bodies)('%j arrives as it is, octet by octet', async (body, before) => {
    const octets = Buffer.from(`${body.replaceAll(/^\./gm, '..')}.\r\n`, 'latin1');
    const store = new MemoryStore();
    await session(
      [...octets].map((octet) => Buffer.from([octet])),
      memoryEngine(store),
    );
    expect(withoutReceived(Buffer.concat(store.committed[0]?.body ?? []))).toBe(before + body);
  });
});

test('a mail pipelined behind the true end of data is a mail of its own', async () => {
  const store = new MemoryStore();
  const octets = Buffer.from(
    `one\r\n.\r\nMAIL FROM:<c@d.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n`,
  );
  const engine = memoryEngine(store);
  for (const [at, cut] of [5, 8, 9, 20, 40].entries()) {
    const socket = await session(split(octets, cut), engine);
    await socket.until((replies) => replies.includes('221 '));
    expect(store.committed).toHaveLength(2 * (at + 1));
  }
});

/** The message as it was sent: without the one field put on top. */
function withoutReceived(stored: Buffer): string {
  const text = stored.toString('latin1');
  const end = /^Received: [^\r]*\r\n(?:\t[^\r]*\r\n)*/.exec(text)?.[0].length ?? 0;
  if (end === 0) throw new Error('no Received field on top');
  return text.slice(end);
}
