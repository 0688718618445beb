import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Outbox, OUTBOX_OCTETS } from './outbox.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

/** Our end of a connection, and the client's. */
async function pair() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const accepted = once(server, 'connection');
  const client = connect({ port, host: '127.0.0.1' });
  const [ours] = (await accepted) as [Socket];
  ours.on('error', () => undefined);
  client.on('error', () => undefined);
  undo.push(() => {
    client.destroy();
    ours.destroy();
    server.close();
  });
  const writes: (string | Uint8Array)[] = [];
  const write = ours.write.bind(ours);
  ours.write = (octets: string | Uint8Array, ...more: never[]) => {
    writes.push(octets);
    return write(octets, ...more);
  };
  return { ours, client, writes, outbox: new Outbox(ours) };
}

async function heard(client: Socket): Promise<string> {
  let text = '';
  client.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  await once(client, 'end');
  return text;
}

test('texts and octets leave in their order, in one write, texts as latin1', async () => {
  const { ours, client, writes, outbox } = await pair();
  outbox.add('+OK caf\xe9\r\n');
  outbox.addOctets(Buffer.from('\xffbody', 'latin1'));
  outbox.addOctets(Buffer.alloc(0));
  outbox.add('.\r\n');
  expect(outbox.flush()).toBeUndefined();
  outbox.add('texts ');
  outbox.add('alone\r\n');
  expect(outbox.flush()).toBeUndefined();
  expect(outbox.flush()).toBeUndefined();
  expect(writes).toHaveLength(2);
  ours.end();
  expect(await heard(client)).toBe('+OK caf\xe9\r\n\xffbody.\r\ntexts alone\r\n');
});

test('octets alone are written as they are', async () => {
  const { writes, outbox } = await pair();
  const octets = Buffer.from('a piece');
  outbox.addOctets(octets);
  void outbox.flush();
  expect(writes[0]).toBe(octets);
});

test('it is full at its bound, and empty when flushed', async () => {
  const { outbox } = await pair();
  outbox.add('x'.repeat(OUTBOX_OCTETS - 1));
  expect(outbox.full).toBe(false);
  outbox.addOctets(Buffer.from('y'));
  expect(outbox.full).toBe(true);
  void outbox.flush();
  expect(outbox.full).toBe(false);
});

test.for(['reads again', 'goes away'] as const)(
  'a client that takes nothing is waited for until it %s',
  async (how) => {
    const { ours, client, outbox } = await pair();
    outbox.addOctets(Buffer.alloc(32 * 1024 * 1024));
    const room = outbox.flush();
    expect(room).toBeInstanceOf(Promise);
    expect(outbox.blocked).toBe(true);
    if (how === 'reads again') client.resume();
    else client.destroy();
    await room;
    expect([outbox.blocked, outbox.open, ours.writableLength === 0]).toEqual(
      how === 'reads again' ? [false, true, true] : [false, false, ours.writableLength === 0],
    );
  },
);

test('a connection that is gone is told nothing', async () => {
  const { ours, outbox } = await pair();
  ours.destroy();
  outbox.add('too late');
  expect([outbox.open, outbox.flush()]).toEqual([false, undefined]);
});
