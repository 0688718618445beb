/** The client's end of a line protocol: one question, one answer, everything bounded, and a record of what was said. */
import { connect, type Socket } from 'node:net';
import { errorCode } from '#runtime';
import { CommandFailure, EXIT, oneLine } from '../failure.ts';

/** Milliseconds without a word after which a server is given up. */
const SILENCE_MS = 30_000;
/** Octets of an answer at most: a megabyte of text is no reply, and a message comes by `octets`. */
const MAX_LINE = 64 * 1024;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export class LineClient {
  /** `C: ` and `S: ` lines; passwords are masked. */
  readonly dialogue: string[] = [];
  readonly #name: string;
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(name: string, socket: Socket) {
    this.#name = name;
    this.#socket = socket;
    this.#chunks = socket.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Throws CommandFailure when nothing listens there. */
  static async connect(name: string, { host, port }: Endpoint): Promise<LineClient> {
    const socket = connect({ host, port });
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`silent for ${SILENCE_MS / 1000} s`)));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error) => reject(unreachable(name, { host, port }, error)));
    });
    // Errors surface at the next read; without a listener they would end the process.
    socket.on('error', () => undefined);
    return new LineClient(name, socket);
  }

  /** @param shown what the record says instead, where a password is in it */
  async say(line: string, shown = line): Promise<void> {
    this.dialogue.push(`C: ${shown}`);
    await this.send(Buffer.from(`${line}\r\n`, 'utf8'));
  }

  /** Octets as they are; the record says how many. */
  async send(octets: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(octets, (error) => (error ? reject(this.#lost(error)) : resolve()));
    });
  }

  /** The next line without its end. */
  async line(): Promise<string> {
    let end = this.#rest.indexOf('\r\n');
    while (end < 0) {
      if (this.#rest.length > MAX_LINE) throw this.#lost(new Error('its line never ends'));
      await this.#more();
      end = this.#rest.indexOf('\r\n');
    }
    const line = this.#rest.subarray(0, end).toString('utf8');
    this.#rest = this.#rest.subarray(end + 2);
    this.dialogue.push(`S: ${line}`);
    return line;
  }

  /** Exactly `count` octets. */
  async octets(count: number): Promise<Buffer> {
    const chunks = [this.#rest];
    let size = this.#rest.length;
    while (size < count) {
      this.#rest = Buffer.alloc(0);
      await this.#more();
      chunks.push(this.#rest);
      size += this.#rest.length;
    }
    const all = Buffer.concat(chunks);
    this.#rest = all.subarray(count);
    this.dialogue.push(`S: (${count} octets)`);
    return all.subarray(0, count);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #more(): Promise<void> {
    let next: IteratorResult<Buffer>;
    try {
      next = await this.#chunks.next();
    } catch (error) {
      throw this.#lost(error);
    }
    if (next.done) throw this.#lost(new Error('it closed the connection'));
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
  }

  #lost(error: unknown): CommandFailure {
    const reason = error instanceof Error ? error.message : String(error);
    return new CommandFailure(EXIT.unreachable, `${this.#name} went away: ${oneLine(reason)}`, { cause: error });
  }
}

function unreachable(name: string, { host, port }: Endpoint, error: unknown): CommandFailure {
  const reason = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
  return new CommandFailure(
    EXIT.unreachable,
    `${name} does not answer at ${host} port ${port} (${reason}): is the house running? posthouse status`,
    { cause: error },
  );
}

/** The server said no. */
export const refused = (name: string, answer: string): CommandFailure =>
  new CommandFailure(EXIT.difference, `${name} refused: ${oneLine(answer)}`);
