/** Backpressure (what a client does not take is not fetched for it), the login's deadline, the lease. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Authenticator, LiveSessions } from '#auth';
import type { FolderId, MailboxBell, MaildropMessage, MaildropStore, MessageId } from '#domain';
import { Metrics, OctetBudget, silentLog, TcpServer, type Connection } from '#runtime';
import { afterEach, expect, test } from 'vitest';
import { Leases } from './leases.ts';
import { LOGIN_SECONDS, READ_AHEAD_BUDGET, RENEW_AFTER_MS } from './limits.ts';
import { Logins } from './logins.ts';
import { Pop3Connection, type Pop3Parts } from './pop3-connection.ts';

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');
/** What loopback sockets of both sides may hold, and one batch. */
const IN_FLIGHT = 20 * MIB;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** One maildrop of messages of these sizes; counts what is given out, and shows the server's side of each connection. */
async function serve(sizes: readonly number[]) {
  const given = { octets: 0, rings: 0 };
  const connections: Connection[] = [];
  const lease = { ours: true, fails: false };
  const uids = Uint32Array.from(sizes, (_, at) => at + 1);
  const store: MaildropStore = {
    open: () =>
      Promise.resolve({
        kind: 'open',
        listing: {
          folderId: 'f' as FolderId,
          uids,
          octets: Uint32Array.from(sizes),
          uidls: { of: String },
        },
      }),
    renew: () => Promise.resolve(lease.ours),
    release: () => Promise.resolve(),
    expunge: () => (lease.fails ? Promise.reject(new Error('the disk is full')) : Promise.resolve('expunged')),
    read: (_, __, wanted) =>
      Promise.resolve(
        wanted.map((uid): MaildropMessage => {
          const octets = sizes[uid - 1] ?? 0;
          const body = octets <= MIB ? Buffer.alloc(octets, 'y') : undefined;
          given.octets += body?.length ?? 0;
          return { uid, messageId: `${uid}` as MessageId, trace: Buffer.alloc(0), bodyOctets: octets, body };
        }),
      ),
    async *stream(_, __, start, end) {
      for (let at = start; at < end; at += PIECE.length) {
        given.octets += PIECE.length;
        yield PIECE.subarray(0, Math.min(PIECE.length, end - at));
      }
    },
  };
  const log = silentLog();
  const metrics = new Metrics();
  const authenticator: Pick<Authenticator, 'verify'> = {
    verify: () =>
      Promise.resolve({
        ok: true,
        account: { tenantId: 't', mailboxId: 'm' } as never,
        passwordStamp: '1',
        askedAt: performance.now(),
      }),
  };
  const leases = new Leases(store, log);
  const parts: Pop3Parts = {
    store,
    bell: { ring: () => void given.rings++ } as unknown as MailboxBell,
    logins: new Logins(authenticator as Authenticator, store, log),
    leases,
    sessions: { add: () => () => undefined } as unknown as LiveSessions,
    budget: new OctetBudget(READ_AHEAD_BUDGET),
    metrics,
    log,
  };
  const server = new TcpServer(
    {
      protocol: 'pop3',
      setting: 'POSTHOUSE_POP3_PORT',
      maxConnections: 10,
      maxConnectionsPerIp: 10,
      idleSeconds: 600,
      refusal: '',
      log,
      metrics,
    },
    (connection) => {
      connections.push(connection);
      return new Pop3Connection(parts, connection, true);
    },
  );
  const port = await server.listen(0, '127.0.0.1');
  closers.push(async () => {
    await server.close(AbortSignal.timeout(1_000));
    await leases.close();
  });
  const buffered = (): number => connections.reduce((sum, { socket }) => sum + socket.writableLength, 0);
  return { port, given, buffered, connections, leases, lease };
}

/** Sends everything at once and reads piece by piece, calling `look` with the octets so far. */
async function readSlowly(port: number, commands: readonly string[], look: (octets: number) => void) {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.end(`USER a\r\nPASS b\r\n${commands.join('\r\n')}\r\nQUIT\r\n`);
  let octets = 0;
  let tail = '';
  socket.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    look(octets);
    tail = (tail + chunk.subarray(-32).toString('latin1')).slice(-32);
    socket.pause();
    setImmediate(() => socket.resume());
  });
  await once(socket, 'close');
  return { octets, tail };
}

test.for([
  ['large messages', [96 * MIB]],
  ['small messages', Array.from({ length: 1_500 }, () => 64 * 1024)],
] as const)('a slow reader of %s', async ([, sizes]) => {
  const { port, given } = await serve(sizes);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let ahead = 0;
  const commands = sizes.map((_, at) => `RETR ${at + 1}`);
  const { octets, tail } = await readSlowly(port, commands, (taken) => {
    ahead = Math.max(ahead, given.octets - taken);
  });
  expect(octets).toBeGreaterThan(total);
  expect(tail.endsWith('\r\n.\r\n+OK bye\r\n')).toBe(true);
  expect(ahead).toBeLessThan(IN_FLIGHT);
});

test('a flood of listings is answered as the client takes them', async () => {
  const { port, buffered } = await serve(Array.from({ length: 10_000 }, () => 10));
  let most = 0;
  const commands = Array.from({ length: 300 }, () => 'LIST');
  const { octets, tail } = await readSlowly(port, commands, () => {
    most = Math.max(most, buffered());
  });
  expect(octets).toBeGreaterThan(300 * 10_000 * 8);
  expect(tail.endsWith('\r\n.\r\n+OK bye\r\n')).toBe(true);
  expect(most).toBeLessThan(MIB);
});

test.for(['UIDL', 'LIST'])('%s of a large maildrop lets others have their turn before its end', async (command) => {
  const { port } = await serve(Array.from({ length: 300_000 }, () => 10));
  const [long, other] = [connect({ port, host: '127.0.0.1' }), connect({ port, host: '127.0.0.1' })];
  let lines = 0;
  let tail = '';
  long.on('data', (chunk: Buffer) => {
    for (const octet of chunk) if (octet === 0x0a) lines++;
    tail = (tail + chunk.subarray(-8).toString('latin1')).slice(-8);
  });
  const answers: number[] = [];
  let said = '';
  other.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
    if (!said.endsWith('nothing done\r\n')) return;
    said = '';
    answers.push(lines);
    if (!tail.endsWith('\r\n.\r\n')) other.write('NOOP\r\n');
    else other.end();
  });
  other.write('USER b\r\nPASS b\r\nNOOP\r\n');
  await once(other, 'data');
  long.write(`USER a\r\nPASS b\r\n${command}\r\n`);
  await once(other, 'close');
  long.destroy();
  expect(lines).toBe(300_000 + 5);
  // In the midst of it, and more than once.
  expect(answers.filter((at) => at > 5 && at < 300_000).length).toBeGreaterThan(3);
});

test('a client that never reads is given no more than the sockets hold', async () => {
  const { port, given } = await serve([1024 * MIB]);
  const socket = connect({ port, host: '127.0.0.1' });
  socket.pause();
  socket.write('USER a\r\nPASS b\r\nRETR 1\r\n');
  // Nothing moves any more when many turns of the loop have given out nothing.
  let still = 0;
  for (let last = -1; still < 2_000; last = given.octets) {
    still = given.octets === last && last > 0 ? still + 1 : 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(given.octets).toBeLessThan(IN_FLIGHT);
  socket.destroy();
});

test('the login has a deadline, the session none; a lost lease ends it without a word', async () => {
  const { port, connections, leases, lease } = await serve([100]);
  const socket = connect({ port, host: '127.0.0.1' });
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(socket, 'data');
  const latest = performance.now() + LOGIN_SECONDS * 1_000;
  expect(connections[0]?.deadline).toBeLessThanOrEqual(latest);
  socket.write('USER a\r\nPASS b\r\nNOOP\r\n');
  while (!said.includes('nothing done')) await once(socket, 'data');
  expect(connections[0]?.deadline).toBe(Infinity);
  const before = said;
  lease.ours = false;
  await leases.renewDue(performance.now() + RENEW_AFTER_MS + 1);
  await once(socket, 'close');
  expect(said).toBe(before);
});

test.each([false, true])('QUIT rings the bell, fails it or not (%j): what it removed before is gone', async (fails) => {
  const house = await serve([10]);
  house.lease.fails = fails;
  const socket = connect({ port: house.port, host: '127.0.0.1' });
  socket.end('USER a\r\nPASS b\r\nDELE 1\r\nQUIT\r\n');
  const said: string[] = [];
  for await (const chunk of socket) said.push(String(chunk));
  const last = fails ? '-ERR [SYS/TEMP] some deleted messages not removed' : '+OK bye';
  expect([said.join('').trimEnd().split('\r\n').at(-1), house.given.rings]).toEqual([last, 1]);
});
