/** What a session says, collected so that answers that wait for nothing leave in one write. */
import type { Socket } from 'node:net';
import { OUTBOX_OCTETS } from './limits.ts';

export class Outbox {
  readonly #socket: Socket;
  #parts: (string | Buffer)[] = [];
  #octets = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Enough is collected for a write. */
  get full(): boolean {
    return this.#octets >= OUTBOX_OCTETS;
  }

  add(part: string | Buffer): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#octets += part.length;
  }

  /** Writes what is collected; undefined when it fits the buffer, else a promise of room for more (or of the connection's end). */
  flush(): Promise<void> | undefined {
    const socket = this.#socket;
    const parts = this.#parts;
    if (parts.length > 0) {
      this.#parts = [];
      this.#octets = 0;
      if (socket.writable) socket.write(joined(parts));
    }
    return socket.writableNeedDrain && !socket.destroyed ? drained(socket) : undefined;
  }
}

const octetsOf = (part: string | Buffer): Buffer => (typeof part === 'string' ? Buffer.from(part) : part);

function joined(parts: readonly (string | Buffer)[]): string | Buffer {
  const [first = ''] = parts;
  return parts.length === 1 ? first : Buffer.concat(parts.map(octetsOf));
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
