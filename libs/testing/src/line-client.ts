/** A client that speaks lines over a socket, octet for octet: what it sends is what arrives, CRLF or not. For SMTP, POP3 and IMAP. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Milliseconds after which a server that stays silent fails the test instead of hanging it. */
const PATIENCE = 60_000;

export class LineClient {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  /** Resolves when the connection stands; the greeting is not read yet. */
  static async connect(port: number, host = '127.0.0.1'): Promise<LineClient> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new LineClient(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** One write; resolves when the kernel took it. Text is latin1: a character an octet. */
  send(octets: Buffer | string): Promise<void> {
    const buffer = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.write(buffer, () => resolve());
    });
  }

  /** The next line without its CRLF, in latin1; undefined when the server closed. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end !== -1) return this.#take(end + 2).toString('latin1', 0, end);
      if (this.#ended) return undefined;
      await this.#more();
    }
  }

  /** Exactly so many octets; rejects when the server closes before. */
  async octets(count: number): Promise<Buffer> {
    while (this.#received.length < count) {
      if (this.#ended) throw new Error(`closed after ${this.#received.length} of ${count} octets`);
      await this.#more();
    }
    return this.#take(count);
  }

  /** Everything until the server closes, in latin1. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more();
    return this.#take(this.#received.length).toString('latin1');
  }

  /** Ends our side and resolves when the connection is gone. */
  async end(): Promise<void> {
    this.#socket.end();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  /** Vanishes as a crashed peer does: with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`the server was silent for ${PATIENCE} ms`)), PATIENCE);
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }
}
