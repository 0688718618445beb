/** What is said on one connection: commands in, their answers out, strictly one after the other. */
import type { Revocation } from '#auth';
import {
  advance,
  AFTER_LOGIN,
  encodeContinuation,
  encodeFrameRefusal,
  encodeTagged,
  encodeUntagged,
  Framer,
  LimitFault,
  parseCommand,
  refuse,
  type AppendCommand,
  type Command,
  type CommandName,
  type FrameEvent,
} from '#imap';
import { shownMailbox } from '#domain';
import { ClientGone, reasonOf, type Connection, type Outbox } from '#runtime';
import { Client, type ImapParts } from './client.ts';
import { beginAppend, type Append } from './commands/append.ts';
import { announced } from './commands/capability.ts';
import { COMMAND_NAMES, perform } from './commands/index.ts';
import { CutShort, isBug, replyToFault } from './faults.ts';
import { MAX_BAD, MAX_BAD_BEFORE_LOGIN } from './limits.ts';
import { bad, no, TOO_MANY_SESSIONS, UNAVAILABLE, type Answer, type Question, type Reply } from './reply.ts';
import { asksForNews, expungesFirst, isUidCommand, looksFirst, looksLast, mayExpunge, polls } from './rules.ts';
import type { Selected } from './selected.ts';
import type { Sleeper } from './updates.ts';

/** The session as others call it. */
export interface Callable extends Sleeper {
  /** Its account is no longer what it was at login: says so and ends. */
  revoke(why: Revocation): void;
}

/** A command that is not answered yet. */
interface Pending {
  readonly tag: string;
  readonly command: Command;
  /** Milliseconds, of `performance.now()`. */
  readonly began: number;
}

type EventOf<Kind extends FrameEvent['kind']> = Extract<FrameEvent, { kind: Kind }>;

const FOLDER_GONE = encodeUntagged('BYE', 'the selected folder was deleted');
const TOO_MANY_ERRORS = encodeUntagged('BYE', 'too many bad commands');
const GO_AHEAD = encodeContinuation('go ahead');

export class Dialogue {
  readonly client: Client;
  readonly #parts: ImapParts;
  readonly #connection: Connection;
  readonly #out: Outbox;
  readonly #session: Callable;
  readonly #framer = new Framer();
  #asked: (Pending & { readonly question: Question }) | undefined;
  #append: (Pending & { readonly message: Append }) | undefined;
  #badCommands = 0;
  #over = false;
  #gone = false;

  constructor(parts: ImapParts, client: Client, session: Callable) {
    this.#parts = parts;
    this.client = client;
    this.#connection = client.connection;
    this.#out = client.out;
    this.#session = session;
    const capabilities = announced('not-authenticated', client.passwords, COMMAND_NAMES);
    this.#out.add(encodeUntagged('OK', 'Posthouse ready', { code: 'CAPABILITY', capabilities }));
  }

  /** The last words are said. */
  get isOver(): boolean {
    return this.#over;
  }

  get isIdling(): boolean {
    return this.#asked?.question.idle === true;
  }

  /** In IDLE, and there is more to tell: call `tellNews` when the client has taken what was said. */
  get hasMoreNews(): boolean {
    return this.isIdling && this.client.folder?.behind === true;
  }

  push(chunk: Buffer): void {
    this.#framer.push(chunk);
  }

  /** Undefined until there are more octets. */
  next(): FrameEvent | undefined {
    return this.#framer.next(this.#asked ? 'line' : 'command');
  }

  /** The client has gone. */
  abandon(): void {
    this.#gone = true;
    const message = this.#append?.message;
    this.#append = undefined;
    this.#asked = undefined;
    void message?.abandon();
  }

  /** Does what has come; a promise where it is waited for. */
  take(event: FrameEvent): Promise<void> | undefined {
    switch (event.kind) {
      case 'command':
        return this.#command(event.octets);
      case 'line':
        return this.#answerLine(event.octets);
      case 'continue':
        this.#out.add(GO_AHEAD);
        return undefined;
      case 'append-literal':
        return this.#beginAppend(event);
      case 'append-octets':
        return this.#appendOctets(event.octets);
      case 'append-end':
        return this.#endAppend(event.rest);
      case 'too-large':
        return this.#tooLarge(event);
      case 'bye':
        this.#out.add(encodeFrameRefusal(event));
        this.#over = true;
        return undefined;
    }
  }

  /** Parses and judges; undefined where that was the whole answer already. */
  #accept(octets: Buffer): Pending | undefined {
    const began = performance.now();
    const { tag, command, fault } = parseCommand(octets);
    if (fault) {
      const { status, text, code } = fault instanceof LimitFault ? no('LIMIT', fault.message) : bad(fault.message);
      this.#out.add(tag === undefined ? encodeUntagged(status, text, code) : encodeTagged(tag, status, text, code));
      this.#count('other', status, began);
      return undefined;
    }
    const pending = { tag, command, began };
    const refusal = refuse(this.client.session, command);
    if (!refusal) return pending;
    const { status, text, code } = refusal;
    // It was not let through: the session stays where it is.
    this.#say(pending, code ? { status, text, code: { code } } : { status, text });
    return undefined;
  }

  #command(octets: Buffer): Promise<void> | undefined {
    const pending = this.#accept(octets);
    if (!pending) return undefined;
    const { command } = pending;
    // Its literal would have been announced by the framer: this one has none.
    if (command.name === 'APPEND') return this.#conclude(pending, bad('expected literal'));
    const { folder } = this.client;
    if (folder && looksFirst(folder, command)) return this.#lookFirst(pending, folder, command);
    try {
      return this.#finish(pending, perform(this.client, command));
    } catch (error) {
      return this.#conclude(pending, this.#translate(error));
    }
  }

  async #lookFirst(pending: Pending, folder: Selected, command: Exclude<Command, AppendCommand>): Promise<void> {
    let answer: Answer;
    try {
      if (!(await this.#look(folder, command))) return this.#lose();
      answer = await perform(this.client, command);
    } catch (error) {
      answer = this.#translate(error);
    }
    return this.#close(pending, answer);
  }

  /** False: the folder is gone. */
  async #look(folder: Selected, command: Command): Promise<boolean> {
    try {
      if (!asksForNews(folder, command)) return await folder.sync();
      return await this.#catchUp(folder, expungesFirst(command), isUidCommand(command));
    } catch (error) {
      if (!polls(command)) throw error;
      this.#translate(error);
      return true;
    }
  }

  #finish(pending: Pending, answer: Answer | Promise<Answer>): Promise<void> | undefined {
    if (!(answer instanceof Promise)) return this.#close(pending, answer);
    return answer.catch((error: unknown) => this.#translate(error)).then((settled) => this.#close(pending, settled));
  }

  /** What comes of a command: its tagged line, behind what is new; or a question. */
  #close(pending: Pending, answer: Answer): Promise<void> | undefined {
    const { folder } = this.client;
    if ('ask' in answer) {
      this.#asked = { ...pending, question: answer };
      this.#out.add(encodeContinuation(answer.ask));
      if (answer.idle && folder) this.#out.add(folder.updates(true, false));
      return undefined;
    }
    if (folder && !this.#gone && looksLast(folder, pending.command)) return this.#lookLast(folder, pending, answer);
    return this.#conclude(pending, answer);
  }

  async #lookLast(folder: Selected, pending: Pending, answer: Reply): Promise<void> {
    const { command } = pending;
    try {
      // Where the folder is gone the next command that needs it says so.
      await this.#catchUp(folder, mayExpunge(command), isUidCommand(command));
    } catch (error) {
      // The command itself is done; what is new is told with the next.
      this.#translate(error);
    }
    this.#conclude(pending, answer);
  }

  /** Tells all that is new, as fast as the client takes it. False: the folder is gone. */
  async #catchUp(folder: Selected, expunges: boolean, uid: boolean): Promise<boolean> {
    for (;;) {
      if (!(await folder.sync())) return false;
      this.#out.add(folder.updates(expunges, uid));
      if (!folder.behind || !this.#out.open) return true;
      await this.#out.flush();
    }
  }

  /** RFC 2180 3.3: the selected folder is gone, and what is asked cannot be done without. */
  #lose(): void {
    this.#out.add(FOLDER_GONE);
    this.#over = true;
  }

  /** A command that was let through has ended. */
  #conclude(pending: Pending, answer: Reply): undefined {
    const client = this.client;
    // Who went while the password was looked at must not stay on the books.
    const login =
      !this.#gone && answer.status === 'OK' && client.session.phase === 'not-authenticated' && client.loggedIn;
    const reply = login ? this.#admit(answer) : answer;
    client.session = advance(client.session, pending.command, reply.status === 'OK' ? 'done' : 'failed');
    this.#say(pending, reply);
    if (client.session.phase === 'logout') this.#over = true;
  }

  #say({ tag, command, began }: Pending, reply: Reply): void {
    const { folder } = this.client;
    // RFC 3501 3.4: BYE was said, and with it all.
    const news = command.name !== 'LOGOUT';
    if (folder && news) this.#out.add(folder.updates(mayExpunge(command), isUidCommand(command)));
    this.#out.add(encodeTagged(tag, reply.status, reply.text, reply.code));
    this.#count(command.name, reply.status, began, reply);
  }

  #admit(answer: Reply): Reply {
    const { loggedIn: account } = this.client;
    const { log, updates } = this.#parts;
    const { id: conn, remoteAddress: remote } = this.#connection;
    const whose = { conn, remote, mailbox: shownMailbox(account) };
    if (account && !updates.add(this.#session)) {
      log.info(whose, 'too many sessions of one account');
      this.client.logOut();
      return TOO_MANY_SESSIONS;
    }
    this.client.register((why) => this.#session.revoke(why));
    this.#connection.deadline = Infinity;
    this.#framer.limits = AFTER_LOGIN;
    this.#badCommands = 0;
    log.info(whose, 'login');
    return answer;
  }

  #answerLine(line: Buffer): Promise<void> | undefined {
    const asked = this.#asked;
    this.#asked = undefined;
    return asked && this.#finish(asked, asked.question.answer(line));
  }

  #tooLarge(event: EventOf<'too-large'>): undefined {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked) return this.#conclude(asked, bad('line too long'));
    this.#out.add(encodeFrameRefusal(event));
    this.#count('other', 'BAD', performance.now());
  }

  #beginAppend({ head, sync }: EventOf<'append-literal'>): Promise<void> | undefined {
    const pending = this.#accept(head);
    if (pending?.command.name === 'APPEND') return this.#judgeAppend(pending, pending.command, sync);
    this.#framer.refuse();
    return undefined;
  }

  async #judgeAppend(pending: Pending, command: AppendCommand, sync: boolean): Promise<void> {
    const judged = await beginAppend(this.client, command).catch((error: unknown) => this.#translate(error));
    if ('status' in judged) {
      this.#framer.refuse();
      return this.#close(pending, judged);
    }
    if (this.#gone) return judged.abandon();
    this.#append = { ...pending, message: judged };
    this.#framer.accept();
    if (sync) this.#out.add(GO_AHEAD);
  }

  #appendOctets(octets: Buffer): Promise<void> | undefined {
    const message = this.#append?.message;
    return message?.write(octets)?.catch((error: unknown) => message.fail(this.#translate(error)));
  }

  #endAppend(rest: Buffer): Promise<void> | undefined {
    const append = this.#append;
    this.#append = undefined;
    return append && this.#finish(append, append.message.end(rest));
  }

  /** In IDLE: what is new goes out at once, or a part of it: then `hasMoreNews`. Never rejects. */
  async tellNews(): Promise<void> {
    const { folder } = this.client;
    if (!folder) return;
    try {
      if (!(await folder.sync())) this.#lose();
      else if (this.isIdling) this.#out.add(folder.updates(true, false));
    } catch (error) {
      this.#parts.log.debug(
        { conn: this.#connection.id, reason: reasonOf(error) },
        'no news could be read; the poll tries again',
      );
    }
  }

  /** The one place where a fault becomes a reply. */
  #translate(error: unknown): Reply {
    if (error instanceof CutShort) throw error;
    if (error instanceof ClientGone) return UNAVAILABLE;
    const whose = { conn: this.#connection.id, mailbox: shownMailbox(this.client.loggedIn) };
    if (isBug(error)) this.#parts.log.error({ ...whose, err: error }, 'a command failed');
    else this.#parts.log.warn({ ...whose, reason: reasonOf(error) }, 'a command could not be done');
    return replyToFault(error);
  }

  #count(verb: CommandName | 'other', status: Reply['status'], began: number, reply?: Reply): void {
    const faulty = reply?.code?.code === 'SERVERBUG' || reply?.code?.code === 'UNAVAILABLE';
    const result = faulty ? 'failed' : status === 'OK' ? 'ok' : 'refused';
    this.#parts.metrics.command('imap', verb, result, (performance.now() - began) / 1_000);
    const loggedIn = this.client.loggedIn !== undefined;
    if (status === 'BAD') this.#badCommands++;
    else if (loggedIn) this.#badCommands = 0;
    if (this.#badCommands < (loggedIn ? MAX_BAD : MAX_BAD_BEFORE_LOGIN)) return;
    this.#out.add(TOO_MANY_ERRORS);
    this.#over = true;
  }
}
