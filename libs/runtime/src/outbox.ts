/** What a session says, collected so that answers that wait for nothing leave in one write. */
import type { Socket } from 'node:net';

/** Octets of answers collected before they are written. */
export const OUTBOX_OCTETS = 64 * 1024;

export class Outbox {
  readonly #socket: Socket;
  /** Behind `#parts`; octets as latin1. */
  #text = '';
  #parts: (string | Buffer)[] | undefined;
  #octets = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** False: nobody hears us any more, stop working. */
  get open(): boolean {
    return this.#socket.writable;
  }

  /** Enough is collected for a write. */
  get full(): boolean {
    return this.#octets >= OUTBOX_OCTETS;
  }

  /** The client has not taken what was sent before. */
  get blocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** @param text octets as latin1, with line ends */
  add(text: string): void {
    this.#text += text;
    this.#octets += text.length;
  }

  /** @param octets must not change until they are sent */
  addOctets(octets: Buffer): void {
    if (octets.length === 0) return;
    this.#parts ??= [];
    if (this.#text !== '') this.#parts.push(this.#text);
    this.#parts.push(octets);
    this.#text = '';
    this.#octets += octets.length;
  }

  /** Writes what is collected; undefined when it fits the buffer, else a promise of room for more (or of the connection's end). */
  flush(): Promise<void> | undefined {
    const socket = this.#socket;
    if (this.#octets > 0) {
      const text = this.#text;
      const parts = this.#parts;
      const octets = this.#octets;
      this.#text = '';
      this.#parts = undefined;
      this.#octets = 0;
      if (!socket.writable) return undefined;
      if (parts === undefined) socket.write(text, 'latin1');
      else socket.write(joined(text === '' ? parts : [...parts, text], octets));
    }
    return socket.writableNeedDrain && !socket.destroyed ? drained(socket) : undefined;
  }
}

/** A piece of a large message goes out alone, and is not copied for it. */
function joined(parts: readonly (string | Buffer)[], octets: number): Buffer {
  const [first] = parts;
  if (parts.length === 1 && Buffer.isBuffer(first)) return first;
  const whole = Buffer.allocUnsafe(octets);
  let at = 0;
  for (const part of parts) at += typeof part === 'string' ? whole.write(part, at, 'latin1') : part.copy(whole, at);
  return whole;
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
