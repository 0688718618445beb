/** Port 25 as a server: smtp-server's engine, our connections, our judgement. */
import { aborted, isLoopback, LAST_WORDS_MS, type ConnectionCaps, type Metrics } from '#runtime';
import { SHUTTING_DOWN, showReply, TOO_MANY_CONNECTIONS } from '#smtp';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { SMTPServerDataStream, SMTPServerError, SMTPServerSession } from 'smtp-server/lib/types.js';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUEUED_OCTETS } from './data-parser.ts';
import type { Envelopes } from './envelopes.ts';
import { IngressConnection, type ConnectionOptions } from './ingress-connection.ts';
import type { Judge } from './judge.ts';
import type { Intake } from './intake.ts';

/** How long a session whose envelope has begun may take to come to DATA once the house closes: senders pipeline, or need a round trip or two. Milliseconds. */
export const ENVELOPE_MS = 10_000;

/** 451: database away, disk full. Any other refusal is the client's or the recipient's. */
const FAULT_OF_OURS = 451;

export interface EngineParts {
  readonly judge: Judge;
  readonly intake: Intake;
  readonly caps: ConnectionCaps;
  readonly envelopes: Envelopes;
  readonly metrics: Metrics;
  /** ENVELOPE_MS, or what a test has time for. */
  readonly envelopeMs?: number;
  /** A connection was refused or broke in a way worth a line in the log. */
  readonly onError: (error: Error) => void;
  /** A connection was over a cap. */
  readonly onRefused: (address: string, why: string) => void;
}

export class IngressEngine extends SMTPServer {
  readonly #parts: EngineParts;
  /** smtp-server hands its session to onData, and we need the connection it belongs to. */
  readonly #sessions = new WeakMap<SMTPServerSession, IngressConnection>();
  draining = false;

  constructor(options: SMTPServerOptions, parts: EngineParts) {
    // Half-open: a client that sends its last dot and closes its end still hears that the mail is ours.
    super({ ...options, highWaterMark: QUEUED_OCTETS, allowHalfOpen: true });
    this.#parts = parts;
    this.on('error', parts.onError);
  }

  /** smtp-server makes its own kind of connection here; ours is the reason for this class. */
  override connect(socket: Socket, options: ConnectionOptions): void {
    if (!this.#admit(socket)) return;
    const connection = new IngressConnection(this, socket, options);
    this.connections.add(connection);
    connection.on('error', this.#parts.onError);
    connection.init();
  }

  /** False: the client is over a cap and has been told so. */
  #admit(socket: Socket): boolean {
    const { caps, metrics, onError, onRefused } = this.#parts;
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy(); // gone before we saw it
      return false;
    }
    const refused = caps.take(address, isLoopback(address));
    if (refused === undefined) {
      metrics.connectionOpened('smtp');
      socket.once('close', () => {
        caps.give(address);
        metrics.connectionClosed('smtp');
      });
      return true;
    }
    metrics.connectionRefused('smtp', refused);
    onRefused(address, refused);
    socket.on('error', onError);
    caps.descriptors.refuse(socket, `${showReply(TOO_MANY_CONNECTIONS)}\r\n`);
    return false;
  }

  adopt(session: SMTPServerSession, connection: IngressConnection): void {
    this.#sessions.set(session, connection);
  }

  /** Answers at once, so that the greeting is written before the first octet is read: smtp-server cuts off who talks in between. */
  override onConnect(_session: SMTPServerSession, callback: (error?: Error | null) => void): void {
    callback();
  }

  get envelopes(): Envelopes {
    return this.#parts.envelopes;
  }

  judgeMail(command: string): ReturnType<Judge['mail']> {
    return this.#parts.judge.mail(command);
  }

  judgeRcpt(...request: Parameters<Judge['rcpt']>): ReturnType<Judge['rcpt']> {
    return this.#parts.judge.rcpt(...request);
  }

  /** @param began when the command came, by `performance.now()` */
  observe(verb: 'MAIL' | 'RCPT' | 'DATA', code: number, began: number): void {
    const result = code < 400 ? 'ok' : code === FAULT_OF_OURS ? 'failed' : 'refused';
    this.#parts.metrics.command('smtp', verb, result, (performance.now() - began) / 1_000);
  }

  override onData(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    callback: (error?: SMTPServerError | null, message?: string) => void,
  ): void {
    const connection = this.#sessions.get(session);
    const transaction = connection?.transaction;
    if (!transaction) {
      callback(new Error('DATA without a transaction'));
      return;
    }
    const began = performance.now();
    transaction.inIntake = true;
    void this.#parts.intake.receive(stream, transaction, connection.peer).then(({ reply, close }) => {
      this.envelopes.release(transaction);
      this.observe('DATA', reply.code, began);
      if (close) connection.closeAfterReply();
      const text = `${reply.status} ${reply.text}`;
      if (reply.code < 300) callback(null, text);
      else callback(Object.assign(new Error(text), { responseCode: reply.code }));
    });
  }

  /**
   * A mail transaction that has begun may be finished, with ENVELOPE_MS to come to DATA; other sessions end now (RFC 5321 3.8), and these
   * behind their mail. What is left when the time is up has LAST_WORDS_MS to hear so (ADR 0013).
   * @param cut aborts when the time is up
   */
  async drain(cut: AbortSignal): Promise<void> {
    this.draining = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of this.#open()) if (!connection.transaction) connection.reply(SHUTTING_DOWN);
    const envelopes = AbortSignal.timeout(this.#parts.envelopeMs ?? ENVELOPE_MS);
    await Promise.race([closed, aborted(AbortSignal.any([cut, envelopes]))]);
    for (const connection of this.#open()) if (!connection.takesData) connection.reply(SHUTTING_DOWN);
    await Promise.race([closed, aborted(cut)]);
    const late = this.#open();
    for (const connection of late) connection.reply(SHUTTING_DOWN);
    await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    for (const connection of late) connection._socket.destroy();
    await closed;
  }

  #open(): IngressConnection[] {
    return [...this.connections].filter((connection) => connection instanceof IngressConnection);
  }
}
