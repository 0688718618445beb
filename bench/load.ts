/** Mail over SMTP as fast as it is taken: by sessions of our own, or by a program outside of Node that takes less of a small machine. */
import { spawnSync } from 'node:child_process';
import { createConnection, type Socket } from 'node:net';

export interface Load {
  readonly host: string;
  readonly port: number;
  /** Messages in all, messages of one connection, connections at once, octets of a message. */
  readonly total: number;
  readonly per: number;
  readonly conns: number;
  readonly size: number;
  /** `user%d@bench.test`, and how many of them. */
  readonly user: string;
  readonly users: number;
}

export interface Sent {
  readonly messages: number;
  readonly failed: number;
  /** From the end of the data to the reply. Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** What is said next, and the reply that must come before it. */
type Step = 'greeting' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'message' | 'quit';
const WANTED: Readonly<Record<Step, string>> = {
  greeting: '220',
  ehlo: '250',
  mail: '250',
  rcpt: '250',
  data: '354',
  message: '250',
  quit: '221',
};

export async function send(load: Load): Promise<Sent> {
  const sender = new Sender(load);
  await Promise.all(Array.from({ length: load.conns }, () => sender.work()));
  return sender.sent;
}

class Sender {
  readonly #load: Load;
  readonly #filling: Buffer;
  readonly #latencies: number[] = [];
  #started = 0;
  #failed = 0;

  constructor(load: Load) {
    this.#load = load;
    const line = 'All work and no play makes a dull mail, but its length is right.'.padEnd(76, '.');
    const text = `${line}\r\n`.repeat(Math.ceil(load.size / 78)).slice(0, Math.max(0, load.size - 120));
    this.#filling = Buffer.from(text.trimEnd());
  }

  async work(): Promise<void> {
    while (this.#started < this.#load.total && this.#failed < this.#load.conns) await this.#session();
  }

  get sent(): Sent {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const quantile = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { messages: sorted.length, failed: this.#failed, p50: quantile(0.5), p99: quantile(0.99) };
  }

  /** One connection, until it has sent its share. */
  #session(): Promise<void> {
    const { host, port, per, total, user, users } = this.#load;
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
        if (left-- > 0 && this.#started < total) {
          this.#started++;
          say('mail', 'MAIL FROM:<sender@elsewhere.test>\r\n');
        } else say('quit', 'QUIT\r\n');
      };
      const advance = (code: string): void => {
        if (code !== WANTED[step]) {
          this.#failed++;
          socket.destroy();
          return;
        }
        switch (step) {
          case 'greeting':
            return say('ehlo', 'EHLO bench.example\r\n');
          case 'ehlo':
            return nextMail();
          case 'mail':
            return say('rcpt', `RCPT TO:<${user.replace('%d', String(this.#started % users))}>\r\n`);
          case 'rcpt':
            return say('data', 'DATA\r\n');
          case 'data':
            socket.cork();
            socket.write(
              `Message-ID: <${this.#started}.${process.pid}.${performance.now()}@bench.example>\r\nSubject: load\r\n\r\n`,
            );
            socket.write(this.#filling);
            say('message', '\r\n.\r\n');
            socket.uncork();
            began = performance.now();
            return;
          case 'message':
            this.#latencies.push(performance.now() - began);
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
      socket.on('error', () => this.#failed++);
      socket.on('close', () => resolve());
    });
  }
}

/** By `PROGRAM smtp key=value..`, which says `ops=`, `errors=`, `p50=..ms` and `p99=..ms` when it is done. Throws when it does not. */
export function sendBy(program: string, load: Load): Sent {
  const { stdout, error } = spawnSync(
    program,
    ['smtp', ...Object.entries(load).map(([key, value]) => `${key}=${value}`)],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (error) throw error;
  const said = (key: string): number => Number(new RegExp(`\\b${key}=([\\d.]+)`).exec(stdout)?.[1] ?? Number.NaN);
  const sent = { messages: said('ops'), failed: said('errors'), p50: said('p50'), p99: said('p99') };
  if (Number.isNaN(sent.messages + sent.failed)) throw new Error(`${program} said: ${stdout.trim()}`);
  return sent;
}
