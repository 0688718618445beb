/** One client's socket: takes octets in, waits where a command waits, sends answers out. */
import type { Revocation } from '#auth';
import { shownMailbox, type MailboxId } from '#domain';
import { encodeUntagged } from '#imap';
import { Outbox, type Connection, type TcpSession } from '#runtime';
import { Client, type ImapParts } from './client.ts';
import { Dialogue, type Callable } from './dialogue.ts';
import { LOGIN_SECONDS, STILL_HERE_POLLS } from './limits.ts';

const TIMED_OUT = encodeUntagged('BYE', 'silent for too long');
const LOGIN_TIMED_OUT = encodeUntagged('BYE', 'no login in time');
const SHUTTING_DOWN = encodeUntagged('BYE', 'the server is shutting down, come back soon');
const STILL_HERE = encodeUntagged('OK', 'still here');
const REVOKED: Readonly<Record<Revocation, string>> = {
  disabled: encodeUntagged('BYE', 'the account was disabled', { code: 'CONTACTADMIN' }),
  'no-login': encodeUntagged('BYE', 'the account may not log in any more', { code: 'CONTACTADMIN' }),
  removed: encodeUntagged('BYE', 'the account was removed', { code: 'CONTACTADMIN' }),
  'password-changed': encodeUntagged('BYE', 'the password was changed, log in again'),
};

export class ImapConnection implements Callable, TcpSession {
  readonly #parts: ImapParts;
  readonly #connection: Connection;
  readonly #out: Outbox;
  readonly #dialogue: Dialogue;
  /** A command, or the client's taking of an answer, is waited for. */
  #waiting = false;
  /** A ring came while we waited. */
  #again = false;
  /** Polls since the client said something. */
  #quietPolls = 0;
  #ended = false;
  /** Said as soon as nothing is in the middle of its answer; then the connection ends. */
  #lastWords: string | undefined;
  #gone = false;

  /** @param passwords whether the connection may carry passwords */
  constructor(parts: ImapParts, connection: Connection, passwords: boolean) {
    this.#parts = parts;
    this.#connection = connection;
    this.#out = new Outbox(connection.socket);
    this.#dialogue = new Dialogue(parts, new Client(parts, connection, this.#out, passwords), this);
    connection.deadline = performance.now() + LOGIN_SECONDS * 1_000;
    void this.#out.flush();
  }

  get id(): number {
    return this.#connection.id;
  }

  get mailboxId(): MailboxId {
    return this.#dialogue.client.account.mailboxId;
  }

  data(chunk: Buffer): void {
    this.#quietPolls = 0;
    this.#dialogue.push(chunk);
    // What comes while a command goes on is kept, and no more of it: the socket is read until then, so that an end is heard.
    if (this.#waiting) this.#connection.socket.pause();
    else this.#run();
  }

  /** The client has sent its last octet; answers under way still reach it. */
  end(): void {
    this.#ended = true;
    this.#dialogue.client.halfClosed();
    if (!this.#waiting) this.#run();
  }

  /** RFC 3501 5.4 */
  idle(): void {
    // In the middle of an answer there is no place for last words.
    if (this.#waiting) this.#connection.hangUp();
    else this.#connection.hangUp(this.#dialogue.client.loggedIn ? TIMED_OUT : LOGIN_TIMED_OUT);
  }

  shutdown(): void {
    this.#stop(SHUTTING_DOWN);
  }

  revoke(why: Revocation): void {
    this.#stop(REVOKED[why]);
  }

  #stop(lastWords: string): void {
    this.#lastWords ??= lastWords;
    if (!this.#waiting) this.#run();
  }

  closed(): void {
    this.#gone = true;
    this.#dialogue.abandon();
    const { loggedIn } = this.#dialogue.client;
    if (!loggedIn) return;
    this.#dialogue.client.leave();
    this.#parts.updates.remove(this);
    this.#parts.log.info({ conn: this.id, mailbox: shownMailbox(loggedIn) }, 'session ended');
  }

  polled(): void {
    if (!this.#dialogue.isIdling || this.#waiting || ++this.#quietPolls < STILL_HERE_POLLS) return;
    this.#quietPolls = 0;
    this.#connection.remark(STILL_HERE);
  }

  rung(): boolean {
    const { folder } = this.#dialogue.client;
    if (!folder) return false;
    folder.stale = true;
    // It may be about to idle: the look before that may have been too early.
    this.#again ||= this.#waiting;
    return this.#dialogue.isIdling && !this.#waiting;
  }

  async wake(): Promise<void> {
    if (this.#waiting || this.#isOver || !this.#dialogue.isIdling) return;
    const looking = this.#dialogue.tellNews();
    this.#wait(looking);
    await looking;
  }

  /** Does every command that waits for nothing, then writes all answers at once. */
  #run(): void {
    while (!this.#isOver) {
      const event = this.#dialogue.next();
      const wait = event ? this.#dialogue.take(event) : undefined;
      if (wait) return this.#wait(wait);
      if (!event) break;
      const room = this.#out.full ? this.#out.flush() : undefined;
      if (room) return this.#wait(room);
    }
    const room = this.#out.flush();
    if (room) return this.#wait(room);
    const again = (this.#again && this.#dialogue.isIdling) || this.#dialogue.hasMoreNews;
    this.#again = false;
    if (again && !this.#isOver) return this.#wait(this.#dialogue.tellNews());
    if (this.#dialogue.isOver || this.#ended) this.#connection.hangUp();
    else if (this.#lastWords !== undefined) this.#connection.hangUp(this.#lastWords);
  }

  get #isOver(): boolean {
    return this.#dialogue.isOver || this.#lastWords !== undefined || !this.#out.open;
  }

  /** Takes nothing further until `work` is done. */
  #wait(work: Promise<void>): void {
    this.#waiting = true;
    // The client takes what was said before while this goes on; if it does not, #run finds out behind it.
    void this.#out.flush();
    work
      .then(() => this.#goOn())
      .catch((error: unknown) => {
        this.#waiting = false;
        if (!this.#gone) this.#parts.log.error({ conn: this.id, err: error }, 'an IMAP session failed');
        // What was answered before is whole, and the client need not ask for it again.
        void this.#out.flush();
        this.#connection.hangUp();
      });
  }

  #goOn(): void {
    this.#waiting = false;
    if (this.#gone) return;
    this.#run();
    if (!this.#waiting) this.#connection.socket.resume();
  }
}
