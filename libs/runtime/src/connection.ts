/** One client's connection, as a session sees it. Kept small: thousands of them lie idle. */
import type { Socket } from 'node:net';
import { plainAddress } from './client-address.ts';

/** Milliseconds a connection has to take its last words before it is cut. */
export const LAST_WORDS_MS = 5_000;

/** Nobody waits for an answer any more. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
  constructor() {
    super('the client is gone');
  }
}

let count = 0;

export class Connection {
  readonly socket: Socket;
  /** IPv4 or IPv6, never one mapped into the other. */
  readonly remoteAddress: string;
  /** Unique in this process; goes into log lines as `conn`. */
  readonly id: number;
  /** Silence in seconds after which the session's `idle` is called. */
  idleSeconds: number;
  /** Instant (`performance.now()`) at which `idle` is called even if the client talks: for what must be done in time, such as the login. */
  deadline = Infinity;
  /** The client has sent its last octet. */
  hasEnded = false;
  /** The server stops: what still waits for a turn need not wait for it. */
  isStopping = false;
  /** What the client asked for waits for its turn here, and not for the client. */
  #attended = false;
  #octets = 0;
  #lastActivity = performance.now();
  #cutAt = Infinity;
  #gone: AbortController | undefined;

  constructor(socket: Socket, remoteAddress: string, idleSeconds: number) {
    this.socket = socket;
    this.remoteAddress = plainAddress(remoteAddress);
    this.idleSeconds = idleSeconds;
    this.id = ++count;
  }

  /** Aborts with ClientGone when the connection is no more: for work that is long. Made when it is first asked for, most connections need none. */
  get gone(): AbortSignal {
    if (this.#gone === undefined) {
      const gone = new AbortController();
      this.#gone = gone;
      if (this.socket.destroyed) gone.abort(new ClientGone());
      else this.socket.once('close', () => gone.abort(new ClientGone()));
    }
    return this.#gone.signal;
  }

  /** Whether the client still waits; `leaving` where it has closed its end, and may read an answer all the same. */
  presence(): 'here' | 'leaving' | 'gone' {
    if (this.isStopping || this.socket.destroyed || this.#cutAt !== Infinity) return 'gone';
    return this.hasEnded ? 'leaving' : 'here';
  }

  /** For work that may wait for its turn for minutes: no timer of the client's runs meanwhile. */
  async attend<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    this.#attended = true;
    try {
      return await work();
    } finally {
      this.#attended = false;
      this.#lastActivity = performance.now();
      this.deadline += this.#lastActivity - began;
    }
  }

  /** Says something nobody asked for, which is no sign of life of the client: its silence goes on. Not said where something still waits to be sent. */
  remark(text: string): void {
    if (!this.socket.writable || this.socket.writableLength > 0) return;
    this.#octets += Buffer.byteLength(text);
    this.socket.write(text);
  }

  /** Sends the last words, if any, and closes; cut after LAST_WORDS_MS if the client does not take them. */
  hangUp(lastWords?: string | Uint8Array): void {
    if (this.#cutAt !== Infinity) return;
    this.#cutAt = performance.now() + LAST_WORDS_MS;
    if (lastWords !== undefined && this.socket.writable) this.socket.write(lastWords);
    this.socket.destroySoon();
  }

  /** For the server's sweep: silent for too long, or past the deadline. Octets in either direction are activity. */
  isOverdue(now: number): boolean {
    const moved = this.socket.bytesRead + this.socket.bytesWritten - this.socket.writableLength;
    if (moved !== this.#octets) {
      this.#octets = moved;
      this.#lastActivity = now;
    }
    return (
      this.#cutAt === Infinity &&
      !this.#attended &&
      (now >= this.deadline || now - this.#lastActivity >= this.idleSeconds * 1_000)
    );
  }

  /** For the server's sweep: hung up, and the last words not taken in time. */
  mustBeCut(now: number): boolean {
    return now >= this.#cutAt;
  }
}
