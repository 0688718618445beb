/** A command ends with its client: no further step is asked of the store. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Authenticator, LiveSessions } from '#auth';
import type { FolderState, FolderStore, MailboxBell } from '#domain';
import { Metrics, OctetBudget, silentLog, TcpServer } from '#runtime';
import { afterEach, expect, test } from 'vitest';
import type { ImapParts } from './client.ts';
import { ImapConnection } from './imap-connection.ts';
import { Turns } from './turns.ts';
import { Updates } from './updates.ts';

const MESSAGES = 1_000_000;
const ACCOUNT = { tenantId: 't', mailboxId: 'm' } as never;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** One folder of a million messages; counts the steps that are asked of it, and those who ask with a signal that never ends them. */
async function serve() {
  const asked = { flags: 0, rows: 0, stored: 0, unsignalled: 0 };
  const state = {
    ...(ACCOUNT as object), folderId: 'f', name: 'INBOX', uidValidity: 1, uidNext: MESSAGES + 1, highestModseq: 1, messages: MESSAGES,
    unseen: 0, octets: 0, recentFrom: MESSAGES + 1, recent: 0, keywords: [],
  } as unknown as FolderState; // prettier-ignore
  const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), 5));
  const table = (first: number, last: number) => {
    const uids = Uint32Array.from({ length: last - first + 1 }, (_, at) => first + at);
    return { uids, flags: new Uint8Array(uids.length), keywords: new Map<number, string[]>() };
  };
  const store: Partial<FolderStore> = {
    select: () => Promise.resolve(state),
    snapshot: () => Promise.resolve(Uint32Array.from({ length: MESSAGES }, (_, at) => at + 1)),
    changes: (_, point) =>
      Promise.resolve({
        point, highestModseq: 1, uidNext: MESSAGES + 1, complete: true, arrived: new Uint32Array(0), changed: table(1, 0),
        expunged: new Uint32Array(0), keywords: undefined,
      }), // prettier-ignore
    flags: (_, [range], signal) => {
      asked.flags++;
      if (!signal) asked.unsignalled++;
      return later(table(range?.first ?? 1, range?.last ?? 0));
    },
    messages: (_, __, ___, signal) => {
      asked.rows++;
      if (!signal) asked.unsignalled++;
      return later({ rows: [], complete: true });
    },
    store: (_, [range]) => {
      asked.stored++;
      const stored = table(range?.first ?? 1, range?.last ?? 0);
      return later({ kind: 'stored', table: stored, changed: 0, highestModseq: 1, keywords: undefined });
    },
  };
  const log = silentLog();
  const metrics = new Metrics();
  const bell = { ring: () => undefined, listen: () => () => undefined } as unknown as MailboxBell;
  const authenticator: Pick<Authenticator, 'verify'> = {
    verify: () => Promise.resolve({ ok: true, account: ACCOUNT, passwordStamp: '1', askedAt: performance.now() }),
  };
  const parts: ImapParts = {
    store: store as FolderStore,
    authenticator: authenticator as Authenticator,
    updates: new Updates(bell),
    turns: new Turns(),
    sessions: { add: () => () => undefined } as unknown as LiveSessions,
    metrics,
    log,
    bodies: new OctetBudget(1_000_000),
    maxMessageOctets: 1_000_000,
  };
  const options = {
    protocol: 'imap', setting: 'POSTHOUSE_IMAP_PORT', maxConnections: 10, maxConnectionsPerIp: 10, idleSeconds: 600, refusal: '', log, metrics,
  } as const; // prettier-ignore
  const server = new TcpServer(options, (connection) => new ImapConnection(parts, connection, true));
  const port = await server.listen(0, '127.0.0.1');
  closers.push(() => server.close(AbortSignal.timeout(1_000)));
  return { port, asked, server };
}

/** Logged in, the folder selected, and this command under way. */
async function begin(port: number, command: string): Promise<{ socket: Socket; said: () => string }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
  socket.write('a LOGIN u p\r\nb SELECT INBOX\r\n');
  while (!said.includes('b OK')) await once(socket, 'data');
  socket.write(`c ${command}\r\n`);
  return { socket, said: () => said };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

const LEAVINGS: readonly (readonly [string, (socket: Socket) => unknown])[] = [
  ['resets the connection', (socket) => socket.resetAndDestroy()],
  ['closes the connection', (socket) => socket.destroy()],
  ['says all it has to say and is gone before the answer', (socket) => socket.end(() => socket.destroy())],
];
const COMMANDS = [
  'SEARCH SEEN',
  'UID SEARCH UNSEEN FROM someone',
  'STORE 1:* +FLAGS.SILENT (\\Seen)',
  'FETCH 1:* (FLAGS)',
  'FETCH 1:* (ENVELOPE)',
];

test.for(LEAVINGS.flatMap(([how, leave]) => COMMANDS.map((command) => [command, how, leave] as const)))(
  '%s, and the client %s',
  async ([command, , leave]) => {
    const { port, asked, server } = await serve();
    const { socket } = await begin(port, command);
    const steps = (): number => asked.flags + asked.rows + asked.stored;
    while (steps() < 2) await turn();
    leave(socket);
    while (server.size > 0) await turn();
    // What was under way, and what was read ahead of it.
    const atTheEnd = steps();
    for (let rounds = 0; rounds < 10; rounds++) await turn();
    expect(steps()).toBeLessThanOrEqual(atTheEnd + 2);
    expect(steps()).toBeLessThan(MESSAGES / 5_000);
    expect(asked.unsignalled).toBe(0);
  },
);

test('a client that closed its end alone has its answer', async () => {
  const { port } = await serve();
  const { socket, said } = await begin(port, 'SEARCH UNSEEN 1:200000');
  socket.end();
  await once(socket, 'end');
  socket.destroy();
  const lines = said()
    .split('\r\n')
    .filter((line) => line !== '* OK still at it');
  expect(lines.at(-2)).toBe('c OK searched');
  expect(lines.at(-3)?.endsWith(' 199999 200000')).toBe(true);
});
