/** smtp-server's connection with our own greeting, MAIL and RCPT. DATA, EHLO, the line discipline and time-outs stay its own. */
import { ENVELOPES_FULL, SHUTTING_DOWN, showReply, type Reply } from '#smtp';
import type { Socket } from 'node:net';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { DataParser } from './data-parser.ts';
import type { IngressEngine } from './ingress-engine.ts';
import type { AcceptedRecipient, Peer, Transaction } from './smtp-session.ts';

type Done = () => void;

/** RFC 5321 4.5.3.1.4 and the extensions' room: MAIL and RCPT with all their parameters fit well. Octets. */
export const MAX_COMMAND_LINE = 4096;
/** Refused recipients in one session before it is ended: a harvester, not a sender. */
const MAX_REFUSED_RECIPIENTS = 50;

const NESTED: Reply = { code: 503, status: '5.5.1', text: 'a mail transaction is under way' };

export interface ConnectionOptions {
  readonly id?: string;
}

export class IngressConnection extends SMTPConnection {
  readonly #engine: IngressEngine;
  transaction: Transaction | undefined;
  #refusedRecipients = 0;
  #closeAfterReply = false;
  /** EHLO or HELO, until it is answered. */
  #opening: 'EHLO' | 'HELO' | undefined;
  /** The last one that was answered 250. smtp-server's own openingCommand is also one that it refused. */
  #opened: 'EHLO' | 'HELO' | undefined;

  constructor(engine: IngressEngine, socket: Socket, options: ConnectionOptions) {
    super(engine, socket, options);
    this.#engine = engine;
    // smtp-server answers only over a socket that it calls open; one that the client has closed on its side still takes our replies.
    Object.defineProperty(socket, 'readyState', { get: () => (socket.writable ? 'open' : 'closed') });
  }

  get peer(): Peer {
    return {
      helo: this.hostNameAppearsAs || 'unknown',
      remoteAddress: this.remoteAddress,
      extended: this.#opened === 'EHLO',
    };
  }

  /**
   * Greets at once. smtp-server waits 100 ms for early talkers, which caps one-message connections below the peers' rate. What a client
   * sends before it has heard the greeting waits in the socket: nobody is refused for being quick.
   */
  override init(): void {
    this._setListeners(() => this.connectionReady());
  }

  override _createParser(): DataParser {
    const parser = new DataParser(MAX_COMMAND_LINE);
    // RFC 5321 4.1.1: white space behind a command is tolerated.
    parser.oncommand = (command, callback) => this._onCommand(withoutTrailingSpace(command), callback);
    parser.on('finish', () => this.#lastHeard(parser));
    parser.on('error', (error) => {
      this.closeAfterReply();
      this.send(500, `5.5.2 ${error.message}`); // RFC 5321 4.5.3.1.9
    });
    return parser;
  }

  /** The client closed its side, and all it said is answered: so do we. In the middle of a message it has given up. */
  #lastHeard(parser: DataParser): void {
    if (parser.inData) this._socket.destroy();
    else this.close();
  }

  /** From DATA to its reply. */
  get takesData(): boolean {
    return Boolean(this._dataStream);
  }

  /** Our replies carry their own enhanced status: smtp-server must not put another one before it. */
  reply(reply: Reply): void {
    this.send(reply.code, showReply(reply).slice(4), false);
  }

  override send(code: number, data?: string | string[], context?: string | false): void {
    if (code === 250) this.#opened = this.#opening ?? this.#opened;
    this.#opening = undefined;
    super.send(code, data, typeof data === 'string' && startsWithStatus(data) ? false : context);
    if (this.#closeAfterReply) this.close();
  }

  /** The next reply is the last: after octets that cannot be trusted, nothing that follows them may be a command. */
  closeAfterReply(): void {
    this.#closeAfterReply = true;
  }

  override _resetSession(): void {
    super._resetSession();
    this.#endTransaction();
    this.#engine.adopt(this.session, this);
    // Behind the reply to a mail that was finished while the house closes; a client that comes only now hears it instead of a greeting.
    if (this.#engine.draining) this.reply(SHUTTING_DOWN);
  }

  override _onClose(): void {
    super._onClose();
    this.#endTransaction();
  }

  #endTransaction(): void {
    if (this.transaction && !this.transaction.inIntake) this.#engine.envelopes.release(this.transaction);
    this.transaction = undefined;
  }

  override handler_EHLO(command: Buffer, callback: Done): void {
    this.#opening = 'EHLO';
    super.handler_EHLO(command, callback);
  }

  override handler_HELO(command: Buffer, callback: Done): void {
    this.#opening = 'HELO';
    super.handler_HELO(command, callback);
  }

  override handler_MAIL(command: Buffer, callback: Done): void {
    const began = performance.now();
    this.emitConnection();
    const verdict = this.transaction ? NESTED : this.#engine.judgeMail(command.toString());
    this.#engine.observe('MAIL', 'code' in verdict ? verdict.code : 250, began);
    if ('code' in verdict) {
      this.reply(verdict);
    } else {
      this.transaction = verdict;
      // smtp-server asks these before DATA and for its idle policy.
      this.session.envelope.mailFrom = { address: '', args: {} };
      this.send(250, '2.1.0 sender ok');
    }
    callback();
  }

  override handler_RCPT(command: Buffer, callback: Done): void {
    const { transaction } = this;
    if (!transaction) {
      this.send(503, '5.5.1 need MAIL first');
      callback();
      return;
    }
    const began = performance.now();
    void this.#engine.judgeRcpt(command.toString(), transaction, this.peer).then((judged) => {
      const verdict = this.#take(judged, transaction, command.length);
      this.#engine.observe('RCPT', 'code' in verdict ? verdict.code : 250, began);
      this.#answerRcpt(verdict);
      callback();
    });
  }

  #take(verdict: AcceptedRecipient | Reply, transaction: Transaction, octets: number): AcceptedRecipient | Reply {
    // The client may have gone while the directory was asked: what nobody gives back is not taken.
    if ('code' in verdict || this.transaction !== transaction) return verdict;
    return this.#engine.envelopes.take(transaction, verdict, octets) ? verdict : ENVELOPES_FULL;
  }

  #answerRcpt(verdict: AcceptedRecipient | Reply): void {
    if (!('code' in verdict)) {
      // smtp-server asks only whether there is one.
      if (this.session.envelope.rcptTo.length === 0)
        this.session.envelope.rcptTo.push({ address: verdict.forwardPath, args: {} });
      this.send(250, '2.1.5 recipient ok');
      return;
    }
    if (verdict.code >= 500 && ++this.#refusedRecipients > MAX_REFUSED_RECIPIENTS) {
      this.send(421, '4.7.0 too many refused recipients in this session');
      return;
    }
    this.reply(verdict);
  }
}

function withoutTrailingSpace(command: Buffer): Buffer {
  let end = command.length;
  while (end > 0 && (command[end - 1] === 0x20 || command[end - 1] === 0x09)) end--;
  return command.subarray(0, end);
}

/** x.y.z and a space. */
function startsWithStatus(text: string): boolean {
  const end = text.indexOf(' ');
  if (end < 5 || end > 9) return false;
  for (let at = 0; at < end; at++) {
    const character = text.charAt(at);
    if (character !== '.' && (character < '0' || character > '9')) return false;
  }
  return true;
}
