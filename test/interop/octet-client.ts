/** A client for answers of any size: lines, counted octets, and all up to a mark, each octet looked at once. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Milliseconds after which a server that stays silent fails the test instead of hanging it. */
const PATIENCE = 60_000;
const CRLF = Buffer.from('\r\n');

export class OctetClient {
  readonly socket: Socket;
  readonly #patience: number;
  #parts: Buffer[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket, patience: number) {
    this.socket = socket;
    this.#patience = patience;
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#parts.push(chunk);
      this.#wake?.();
    });
    socket.on('end', end).on('close', end).on('error', end);
  }

  /** Connected; the greeting is not read yet. */
  static async connect(port: number, { from = '127.0.0.1', patience = PATIENCE } = {}): Promise<OctetClient> {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
    await once(socket, 'connect');
    return new OctetClient(socket, patience);
  }

  /** @param octets text is latin1 */
  send(octets: Buffer | string): void {
    this.socket.write(octets, 'latin1');
  }

  /** The next line without its CRLF, in latin1. */
  async line(): Promise<string> {
    return (await this.through(CRLF)).toString('latin1').slice(0, -2);
  }

  /** Everything up to and with the mark. Rejects when the server closes before. */
  async through(mark: Buffer): Promise<Buffer> {
    let passed = 0;
    let overlap: Buffer = Buffer.alloc(0);
    for (let next = 0; ; next++) {
      while (next >= this.#parts.length) await this.#more();
      const part = this.#parts[next] ?? overlap;
      const seen = overlap.length === 0 ? part : Buffer.concat([overlap, part]);
      const at = seen.indexOf(mark);
      if (at !== -1) return this.#take(passed - overlap.length + at + mark.length);
      passed += part.length;
      overlap = seen.subarray(Math.max(0, seen.length - mark.length + 1));
    }
  }

  /** Exactly so many octets. Rejects when the server closes before. */
  async octets(count: number): Promise<Buffer> {
    let held = 0;
    for (let next = 0; held < count; next++) {
      while (next >= this.#parts.length) await this.#more();
      held += this.#parts[next]?.length ?? 0;
    }
    return this.#take(count);
  }

  /** Everything until the server closes, in latin1. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more();
    return Buffer.concat(this.#parts.splice(0)).toString('latin1');
  }

  /** Vanishes without a word. */
  drop(): void {
    this.socket.destroy();
  }

  #take(count: number): Buffer {
    let held = 0;
    const taken: Buffer[] = [];
    for (const part of this.#parts) {
      if (held >= count) break;
      taken.push(part.subarray(0, count - held));
      held += part.length;
    }
    const rest = held > count ? this.#parts[taken.length - 1]?.subarray(-(held - count)) : undefined;
    this.#parts.splice(0, taken.length, ...(rest === undefined ? [] : [rest]));
    const [only] = taken;
    return taken.length === 1 && only ? only : Buffer.concat(taken, count);
  }

  async #more(): Promise<void> {
    if (this.#ended)
      throw new Error(
        `the server closed behind ${JSON.stringify(Buffer.concat(this.#parts).toString('latin1', 0, 200))}`,
      );
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`the server was silent for ${this.#patience} ms`)), this.#patience);
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }
}
