/** One client: lines in, steps of the session machine, octets out. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LiveSessions } from '#auth';
import { shownMailbox, type MailboxBell, type MaildropMessage } from '#domain';
import {
  begin,
  commandLines,
  GREETING,
  onExpunged,
  onLine,
  onMaildrop,
  onMessageFailed,
  revoked,
  SHUTTING_DOWN,
  type Action,
  type Session,
  type Step,
} from '#pop3';
import { Outbox, reasonOf, type CommandResult, type Connection, type Metrics, type TcpSession } from '#runtime';
import type { Line } from '#wire';
import { HeldDrop, type HeldParts } from './held-drop.ts';
import type { Leases } from './leases.ts';
import { LOGIN_SECONDS } from './limits.ts';
import type { Logins } from './logins.ts';
import { uidsOf } from './open-drop.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import type { Fetched } from './read-ahead.ts';
import { verbOf, type Verb } from './verbs.ts';

/** What all connections share. */
export interface Pop3Parts extends HeldParts {
  readonly bell: MailboxBell;
  readonly logins: Logins;
  readonly leases: Leases;
  readonly sessions: LiveSessions;
  readonly metrics: Metrics;
}

type Do<Kind extends Action['do']> = Extract<Action, { do: Kind }>;

export class Pop3Connection implements TcpSession {
  readonly #parts: Pop3Parts;
  readonly #connection: Connection;
  readonly #cutter = commandLines();
  readonly #outbox: Outbox;
  #session: Session;
  #held: HeldDrop | undefined;
  #unregister: (() => void) | undefined;
  /** A command, or the client's taking of an answer, is waited for. */
  #waiting = false;
  #ended = false;
  /** Said as soon as nothing is in the middle of its answer; then the connection ends, and nothing is deleted. */
  #lastWords: string | undefined;
  #gone = false;

  /** @param passwords whether the connection may carry passwords */
  constructor(parts: Pop3Parts, connection: Connection, passwords: boolean) {
    this.#parts = parts;
    this.#connection = connection;
    this.#outbox = new Outbox(connection.socket);
    this.#session = begin(passwords);
    connection.deadline = performance.now() + LOGIN_SECONDS * 1_000;
    connection.socket.write(GREETING);
  }

  data(chunk: Buffer): void {
    // What comes behind the end is no command, and must not pile up.
    if (this.#isOver) return;
    this.#cutter.push(chunk);
    // What comes while a command goes on is kept, and no more of it: the socket is read until then, so that an end is heard.
    if (this.#waiting) this.#connection.socket.pause();
    else this.#run();
  }

  /** The client has sent its last octet; answers under way still reach it. */
  end(): void {
    this.#ended = true;
    if (!this.#waiting) this.#run();
  }

  /** RFC 1939 3: closed without removing messages and without a word. */
  idle(): void {
    this.#connection.hangUp();
  }

  shutdown(): void {
    this.#stop(SHUTTING_DOWN);
  }

  #stop(lastWords: string): void {
    this.#lastWords ??= lastWords;
    if (!this.#waiting) this.#run();
  }

  closed(): void {
    this.#gone = true;
    if (!this.#waiting) void this.#leave();
  }

  /** Does every line that waits for nothing, then writes all answers at once. */
  #run(): void {
    while (!this.#isOver) {
      const line = this.#cutter.next();
      if (line === undefined) break;
      const wait = this.#do(line);
      if (wait) return this.#wait(wait);
    }
    const room = this.#outbox.flush();
    if (room) return this.#wait(room);
    if (this.#session.phase === 'closed') this.#connection.hangUp();
    else if (this.#lastWords !== undefined) this.#connection.hangUp(this.#lastWords);
    else if (this.#ended) this.#connection.hangUp();
  }

  get #isOver(): boolean {
    return this.#session.phase === 'closed' || this.#lastWords !== undefined || !this.#connection.socket.writable;
  }

  /** Takes no further line until `work` is done. */
  #wait(work: Promise<void>): void {
    this.#waiting = true;
    // The client takes what was said before while this goes on; if it does not, #run finds out behind it.
    void this.#outbox.flush();
    work
      .then(() => this.#goOn())
      .catch((error: unknown) => {
        const { id: conn, socket } = this.#connection;
        this.#parts.log.error({ conn, err: error }, 'a POP3 session failed');
        this.#waiting = false;
        socket.destroy();
        if (this.#gone) void this.#leave();
      });
  }

  #goOn(): void {
    this.#waiting = false;
    if (this.#gone) return void this.#leave();
    this.#run();
    if (!this.#waiting) this.#connection.socket.resume();
  }

  #do(line: Line): Promise<void> | undefined {
    const began = performance.now();
    const verb = this.#session.phase === 'sasl' ? 'AUTH' : verbOf(line);
    const result = this.#take(onLine(this.#session, line));
    if (typeof result !== 'string') return result.then((how) => this.#count(verb, how, began));
    this.#count(verb, result, began);
    return this.#outbox.full ? this.#outbox.flush() : undefined;
  }

  /** @param began `performance.now()` */
  #count(verb: Verb, result: CommandResult, began: number): void {
    this.#parts.metrics.command('pop3', verb, result, (performance.now() - began) / 1_000);
  }

  #take([session, action]: Step): CommandResult | Promise<CommandResult> {
    this.#session = session;
    switch (action.do) {
      case 'reply':
        return this.#say(action.text);
      case 'close':
        return this.#close(action);
      case 'send-listing':
        return this.#list(action.pieces[Symbol.iterator]());
      case 'open-maildrop':
        return this.#login(action);
      case 'send-message':
        return this.#send(action);
      case 'expunge':
        return this.#expunge(action);
    }
  }

  #say(text: string): CommandResult {
    this.#outbox.add(text);
    return text.startsWith('-') ? 'refused' : 'ok';
  }

  #list(pieces: Iterator<string, unknown>): CommandResult | Promise<CommandResult> {
    for (let piece = pieces.next(); piece.done !== true; piece = pieces.next()) {
      this.#outbox.add(piece.value);
      if (this.#outbox.full) return this.#listRest(pieces);
    }
    return 'ok';
  }

  /** As fast as the client takes it, others having their turn in between. */
  async #listRest(pieces: Iterator<string, unknown>): Promise<CommandResult> {
    do {
      await (this.#outbox.flush() ?? nextTurn());
      const piece = pieces.next();
      if (piece.done === true) break;
      this.#outbox.add(piece.value);
    } while (this.#outbox.open);
    return 'ok';
  }

  /** A client that hears the last word may come back at once: the maildrop is free by then. */
  #close({ text }: Do<'close'>): CommandResult | Promise<CommandResult> {
    return this.#held ? this.#leave().then(() => this.#say(text)) : this.#say(text);
  }

  async #login(credentials: Do<'open-maildrop'>): Promise<CommandResult> {
    const opened = await this.#parts.logins.open(credentials, this.#connection);
    if (typeof opened === 'string') {
      const result = await this.#take(onMaildrop(this.#session, { kind: 'refused', why: opened }));
      return opened === 'temp' ? 'failed' : result;
    }
    this.#held = new HeldDrop(opened.open, this.#connection, this.#parts);
    this.#parts.leases.hold(this.#held);
    this.#unregister = this.#parts.sessions.add(opened.login, (why) => this.#stop(revoked(why)));
    this.#connection.deadline = Infinity;
    return this.#take(onMaildrop(this.#session, { kind: 'open', drop: opened.open.drop }));
  }

  #send(action: Do<'send-message'>): CommandResult | Promise<CommandResult> {
    const message = this.#held?.message(action.number) ?? 'gone';
    return message instanceof Promise ? this.#sendLater(message, action) : this.#sendNow(message, action);
  }

  async #sendLater(fetching: Promise<Fetched>, action: Do<'send-message'>): Promise<CommandResult> {
    let message: Fetched;
    try {
      message = await fetching;
    } catch (error) {
      return this.#unreadable(error);
    }
    return this.#sendNow(message, action);
  }

  #sendNow(message: Fetched, action: Do<'send-message'>): CommandResult | Promise<CommandResult> {
    if (message === 'gone') return this.#take(onMessageFailed(this.#session, 'gone'));
    if (message.body === undefined) return this.#stream(message, action);
    const form = new OutgoingMessage(action.lines);
    this.#outbox.add(action.head);
    this.#outbox.addOctets(form.push(message.trace));
    this.#outbox.addOctets(form.push(message.body));
    return this.#sent(form);
  }

  async #stream(message: MaildropMessage, action: Do<'send-message'>): Promise<CommandResult> {
    const account = this.#held?.account;
    if (account === undefined) return 'failed';
    const form = new OutgoingMessage(action.lines);
    const pieces = this.#parts.store.stream(account, message.messageId, 0, message.bodyOctets)[Symbol.asyncIterator]();
    let piece: IteratorResult<Buffer>;
    try {
      // Before the first word of the answer: until then a failure can still be told.
      piece = await pieces.next();
    } catch (error) {
      return this.#unreadable(error);
    }
    this.#outbox.add(action.head);
    this.#outbox.addOctets(form.push(message.trace));
    for (; piece.done !== true && !this.#gone; piece = await pieces.next()) {
      this.#outbox.addOctets(form.push(piece.value));
      if (form.done) break;
      await this.#outbox.flush();
    }
    await pieces.return?.();
    return this.#sent(form);
  }

  #sent(form: OutgoingMessage): CommandResult {
    this.#outbox.addOctets(form.end());
    this.#held?.sent();
    return 'ok';
  }

  async #unreadable(error: unknown): Promise<CommandResult> {
    this.#warn(error, 'a message could not be read');
    await this.#take(onMessageFailed(this.#session, 'temp'));
    return 'failed';
  }

  async #expunge({ numbers }: Do<'expunge'>): Promise<CommandResult> {
    const removed = await this.#remove(numbers);
    const result = await this.#take(onExpunged(this.#session, removed ? 'removed' : 'failed'));
    return removed ? result : 'failed';
  }

  async #remove(numbers: readonly number[]): Promise<boolean> {
    const held = this.#held;
    if (!held) return false;
    const { account, sessionId, open } = held;
    const { store, bell } = this.#parts;
    try {
      const outcome = await store.expunge(account, open.folderId, sessionId, uidsOf(open, numbers));
      if (outcome === 'lease-lost') throw new Error('another session has taken the maildrop');
      held.expunged(numbers.length);
      return true;
    } catch (error) {
      this.#warn(error, 'deleted messages could not be removed');
      return false;
    } finally {
      // What was removed before it failed is gone too.
      bell.ring([account.mailboxId]);
    }
  }

  /** Frees the maildrop. Idempotent. */
  async #leave(): Promise<void> {
    this.#unregister?.();
    const held = this.#held;
    this.#held = undefined;
    if (!held) return;
    held.close();
    await this.#parts.leases.release(held);
  }

  #warn(error: unknown, what: string): void {
    const mailbox = shownMailbox(this.#held?.account);
    this.#parts.log.warn({ conn: this.#connection.id, mailbox, reason: reasonOf(error) }, what);
  }
}
