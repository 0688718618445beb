/**
 * The file descriptors of this process as a cap on connections, below the limit that the kernel has: at that libuv closes a connection
 * without a word to the client, the log or us. The refusal is ours as long as there are descriptors to refuse with.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Descriptors that no client of a mail port gets: for databases, files, the HTTP port, and connections that are just being refused. */
export const SPARE_DESCRIPTORS = 256;
/** Of these, for the HTTP port: what watches us is heard when the mail ports are full. */
export const SPARE_FOR_HTTP = 32;
/** Refused connections that are being told so; the next ones are closed without a word, but not without a line in the log. */
export const MAX_BEING_REFUSED = 64;

export class Descriptors {
  /** Connections of all listeners together. */
  readonly connections: number;
  #taken = 0;
  #refusing = 0;

  /** @param limit of the process; Infinity: not known */
  constructor(limit: number) {
    // A limit that leaves less than half of it is too low for anything but a trial.
    this.connections = limit - Math.min(SPARE_DESCRIPTORS, Math.floor(limit / 2));
  }

  /** False: there is none for one more connection. @param spare of the spare ones that may be taken */
  take(spare = 0): boolean {
    if (this.#taken >= this.connections + spare) return false;
    this.#taken += 1;
    return true;
  }

  /** Gives back what `take` took. */
  give(): void {
    this.#taken -= 1;
  }

  /** Ends a connection that was not let in. */
  refuse(socket: Socket, words: string): void {
    if (this.#refusing >= MAX_BEING_REFUSED) return void socket.destroy();
    this.#refusing += 1;
    socket.once('close', () => (this.#refusing -= 1));
    // Octets left unread would turn our close into a reset, and the client would never see why.
    socket.resume().end(words, () => socket.destroy());
  }
}

/** The soft limit that the kernel holds this process to; Node has raised it to the hard one. Infinity: this system does not tell. */
export function descriptorLimit(path = '/proc/self/limits'): number {
  try {
    const [, soft = ''] = /^Max open files +(\S+)/m.exec(readFileSync(path, 'utf8')) ?? [];
    const limit = Number.parseInt(soft, 10);
    return limit > 0 ? limit : Infinity;
  } catch {
    return Infinity;
  }
}

let own: Descriptors | undefined;

/** Of this process: all its listeners share them. */
export const ownDescriptors = (): Descriptors => (own ??= new Descriptors(descriptorLimit()));
