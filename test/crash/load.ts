/** Sends messages with known ids and writes down what the server said about each. A lost connection is never retried with the same id. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly port: number;
  readonly messages: number;
  /** More than `messages` are sent while it says so. */
  readonly goOn?: () => boolean;
  readonly connections: number;
  readonly recipients: readonly string[];
  readonly signal: AbortSignal;
  /** Stands before the number in each id. */
  readonly prefix?: string;
  /** About so many in each message; by default less than two thousand. */
  readonly octets?: number;
}

/** Ids by what is known of them; an id in neither set may or may not have been stored. */
export interface LoadResult {
  readonly accepted: Set<string>;
  readonly refused: Set<string>;
  /** What refusals said. */
  readonly replies: Set<string>;
  /** id -> recipient */
  readonly recipients: Map<string, string>;
}

/** Milliseconds a connection waits after a refusal. */
const REFUSED_PAUSE = 50;

export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const result: LoadResult = { accepted: new Set(), refused: new Set(), replies: new Set(), recipients: new Map() };
  let next = 0;
  const isWanted = (): boolean => !options.signal.aborted && (next < options.messages || options.goOn?.() === true);
  const worker = async (): Promise<void> => {
    while (isWanted()) {
      const session = await open(options.port);
      if (!session) {
        await pause(20); // the server is down: look again soon, as a sender would
        continue;
      }
      try {
        while (isWanted()) {
          const id = `${options.prefix ?? 'crash'}-${next}`;
          const recipient = options.recipients[next % options.recipients.length] ?? '';
          next++;
          result.recipients.set(id, recipient);
          await transact(session, id, recipient, options.octets ?? SMALL, result);
          // A house that is in trouble must not have used up the load when it is well again.
          if (result.refused.has(id)) await pause(REFUSED_PAUSE);
        }
        session.socket.end('QUIT\r\n');
      } catch {
        session.socket.destroy(); // killed under us: what became of the message in hand is not known
      }
    }
  };
  await Promise.all(Array.from({ length: options.connections }, worker));
  return result;
}

const LINE = 'A line of text that fills the message.\r\n';
const SMALL = 40 * LINE.length;

/** Whole lines, at least so many octets. */
export const lines = (octets: number): string => LINE.repeat(Math.ceil(octets / LINE.length));

const pause = (milliseconds: number): Promise<unknown> => once(AbortSignal.timeout(milliseconds), 'abort');

interface Session {
  readonly socket: Socket;
  readonly reply: () => Promise<string>;
}

async function open(port: number): Promise<Session | undefined> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  const session = { socket, reply: replies(socket) };
  try {
    await once(socket, 'connect');
    if (!(await session.reply()).startsWith('220')) throw new Error('no greeting');
    socket.write('EHLO crash.test\r\n');
    await session.reply();
    return session;
  } catch {
    socket.destroy();
    return undefined;
  }
}

async function transact(
  { socket, reply }: Session,
  id: string,
  recipient: string,
  octets: number,
  result: LoadResult,
): Promise<void> {
  for (const command of ['MAIL FROM:<sender@elsewhere.test>', `RCPT TO:<${recipient}>`, 'DATA']) {
    socket.write(`${command}\r\n`);
    const answer = await reply();
    if (answer.startsWith('2') || answer.startsWith('3')) continue;
    result.refused.add(id);
    result.replies.add(answer.trim());
    socket.write('RSET\r\n');
    await reply();
    return;
  }
  socket.write(`Message-ID: <${id}@crash.test>\r\nSubject: ${id}\r\n\r\n${lines(octets)}.\r\n`);
  const verdict = await reply();
  if (verdict.startsWith('250')) {
    result.accepted.add(id);
  } else {
    result.refused.add(id);
    result.replies.add(verdict.trim());
  }
}

/** Whole replies, multi-line ones included; rejects when the connection ends. */
function replies(socket: Socket): () => Promise<string> {
  let text = '';
  let waiting: { resolve: (reply: string) => void; reject: (error: Error) => void } | undefined;
  let ended = false;
  const look = (): void => {
    const end = /^\d{3} .*\r\n/m.exec(text);
    if (end && waiting) {
      const reply = text.slice(0, end.index + end[0].length);
      text = text.slice(reply.length);
      waiting.resolve(reply.slice(reply.lastIndexOf('\n', reply.length - 2) + 1));
      waiting = undefined;
    } else if (ended) {
      waiting?.reject(new Error('connection lost'));
    }
  };
  const end = (): void => {
    ended = true;
    look();
  };
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    look();
  });
  socket.on('error', end).on('close', end);
  return () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      look();
    });
}
