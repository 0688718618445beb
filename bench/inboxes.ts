/** Asks over IMAP how many messages lie in many INBOXes: a message counts when its owner could see it. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** Logins at once: each costs the server a password hash. */
const LOGINS_AT_ONCE = 8;
/** Milliseconds between two looks, and until a number that does not move is given up. */
const LOOK_EVERY = 20;
const PATIENCE = 60_000;

export class Inboxes {
  readonly #sessions: readonly Session[];

  private constructor(sessions: readonly Session[]) {
    this.#sessions = sessions;
  }

  /** Logs in to all of them. */
  static async open(host: string, port: number, addresses: readonly string[], password: string): Promise<Inboxes> {
    const sessions: Session[] = [];
    for (let at = 0; at < addresses.length; at += LOGINS_AT_ONCE) {
      const some = addresses
        .slice(at, at + LOGINS_AT_ONCE)
        .map((address) => Session.open(host, port, address, password));
      sessions.push(...(await Promise.all(some)));
    }
    return new Inboxes(sessions);
  }

  async messages(): Promise<number> {
    const counts = await Promise.all(this.#sessions.map((session) => session.messages()));
    return counts.reduce((sum, one) => sum + one, 0);
  }

  /** Resolves when there are `wanted`; rejects when the number stands still below it. */
  async reach(wanted: number): Promise<void> {
    let seen = 0;
    for (let since = performance.now(); ;) {
      const now = await this.messages();
      if (now >= wanted) return;
      if (now !== seen) [seen, since] = [now, performance.now()];
      else if (performance.now() - since > PATIENCE)
        throw new Error(`${now} of ${wanted} messages are visible, and no more come`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }
}

class Session {
  readonly #socket: Socket;
  #heard = '';
  #waiting: PromiseWithResolvers<string> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#heard += chunk.toString('latin1');
      // One command at a time, so that its tagged line ends the answer.
      if (!/^a (OK|NO|BAD) .*\r\n$/m.test(this.#heard)) return;
      const answer = this.#heard;
      this.#heard = '';
      this.#waiting?.resolve(answer);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => this.#waiting?.reject(new Error('the IMAP server closed the connection')));
  }

  static async open(host: string, port: number, address: string, password: string): Promise<Session> {
    const socket = createConnection({ host, port, noDelay: true });
    await once(socket, 'connect');
    const session = new Session(socket);
    const answer = await session.#ask(`LOGIN "${address}" "${password}"`);
    if (!/^a OK /m.test(answer)) throw new Error(`${address} cannot log in: ${answer.trim()}`);
    return session;
  }

  async messages(): Promise<number> {
    const answer = await this.#ask('STATUS INBOX (MESSAGES)');
    return Number(/MESSAGES (\d+)/.exec(answer)?.[1] ?? Number.NaN);
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(command: string): Promise<string> {
    this.#waiting = Promise.withResolvers();
    this.#socket.write(`a ${command}\r\n`);
    return this.#waiting.promise;
  }
}
