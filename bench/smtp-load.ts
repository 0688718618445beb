/**
 * Sends mail as fast as it is taken, and says how fast that was.
 * `node --conditions=source bench/smtp-load.ts total=5000 per=100 conns=50 size=4096 port=2525 [imap=2143] [pid=HOUSE | groups=G1,G2]`
 * With `imap` the run ends when the last message is visible in its mailbox; with `pid` the CPU of that process tree is counted, with `groups`
 * that of those cpuacct control groups.
 */
import { createConnection, type Socket } from 'node:net';
import { Inboxes } from './inboxes.ts';
import { cpuSeconds, groupSeconds } from './process-tree.ts';

const given = new Map(
  process.argv
    .slice(2)
    .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
);
const text = (name: string, otherwise: string): string => given.get(name) ?? otherwise;
const count = (name: string, otherwise: number): number => Number(given.get(name) ?? otherwise);

const host = text('host', '127.0.0.1');
const port = count('port', 2525);
/** Messages in all, messages of one connection, connections at once, octets of a message. */
const [total, per, conns, size] = [count('total', 1000), count('per', 100), count('conns', 10), count('size', 4096)];
const users = count('users', 100);
const addresses = Array.from({ length: users }, (_, at) => text('user', 'user%d@bench.test').replace('%d', String(at)));
const filling = Buffer.from(
  `${'All work and no play makes a dull mail, but its length is right.'.padEnd(76, '.')}\r\n`
    .repeat(Math.ceil(size / 78))
    .slice(0, Math.max(0, size - 120))
    .trimEnd(),
);

const latencies: number[] = [];
let started = 0;
let failed = 0;

/** What is said next, and the reply that must come before it. */
type Step = 'greeting' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'message' | 'quit';

/** One connection, until it has sent its share. */
function session(): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = createConnection({ host, port, noDelay: true });
    let step: Step = 'greeting';
    let left = per;
    let began = 0;
    let reply = '';
    const say = (next: Step, words: string): void => {
      step = next;
      socket.write(words);
    };
    const nextMail = (): void => {
      if (left-- > 0 && started < total) {
        started++;
        say('mail', 'MAIL FROM:<sender@elsewhere.test>\r\n');
      } else say('quit', 'QUIT\r\n');
    };
    const advance = (code: string): void => {
      if (code !== (step === 'greeting' ? '220' : step === 'data' ? '354' : step === 'quit' ? '221' : '250')) {
        failed++;
        socket.destroy();
        return;
      }
      switch (step) {
        case 'greeting':
          return say('ehlo', 'EHLO bench.example\r\n');
        case 'ehlo':
          return nextMail();
        case 'mail':
          return say('rcpt', `RCPT TO:<${addresses[started % users] ?? ''}>\r\n`);
        case 'rcpt':
          return say('data', 'DATA\r\n');
        case 'data':
          socket.cork();
          socket.write(
            `Message-ID: <${started}.${process.pid}.${performance.now()}@bench.example>\r\nSubject: load\r\n\r\n`,
          );
          socket.write(filling);
          say('message', '\r\n.\r\n');
          socket.uncork();
          began = performance.now();
          return;
        case 'message':
          latencies.push(performance.now() - began);
          return nextMail();
        case 'quit':
          socket.end();
      }
    };
    socket.on('data', (chunk: Buffer) => {
      reply += chunk.toString('latin1');
      if (!reply.endsWith('\r\n')) return;
      const last = reply.slice(reply.lastIndexOf('\n', reply.length - 2) + 1);
      if (last[3] !== ' ') return;
      reply = '';
      advance(last.slice(0, 3));
    });
    socket.on('error', () => failed++);
    socket.on('close', () => resolve());
  });
}

async function load(): Promise<void> {
  const worker = async (): Promise<void> => {
    while (started < total && failed < conns) await session();
  };
  await Promise.all(Array.from({ length: conns }, worker));
}

const quantile = (share: number): string => {
  const sorted = latencies.toSorted((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)} ms`;
};

const imap = count('imap', 0);
const pid = count('pid', 0);
const groups = text('groups', '')
  .split(',')
  .filter((group) => group !== '');
const counted = pid !== 0 || groups.length > 0;
const spentSoFar = (): number => (pid === 0 ? groupSeconds(groups) : cpuSeconds(pid));
const inboxes = imap === 0 ? undefined : await Inboxes.open(host, imap, addresses, text('pass', 'secret'));
const before = (await inboxes?.messages()) ?? 0;
const cpu = counted ? spentSoFar() : 0;
const began = performance.now();
await load();
const accepted = performance.now() - began;
await inboxes?.reach(before + latencies.length);
const visible = performance.now() - began;
const spent = counted ? spentSoFar() - cpu : undefined;
inboxes?.close();

const rate = (milliseconds: number): string => `${Math.round(latencies.length / (milliseconds / 1000))}/s`;
console.log(
  [
    `total=${total} per=${per} conns=${conns} size=${size}`,
    `accepted ${rate(accepted)}`,
    ...(inboxes ? [`visible ${rate(visible)}`] : []),
    `p50 ${quantile(0.5)}`,
    `p99 ${quantile(0.99)}`,
    ...(spent === undefined ? [] : [`cpu ${((spent * 1000) / latencies.length).toFixed(2)} ms/message`]),
    `failed ${failed}`,
  ].join('  '),
);
process.exitCode = failed > 0 || latencies.length < total ? 1 : 0;
