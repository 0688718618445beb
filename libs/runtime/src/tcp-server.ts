/** The sockets under POP3 and IMAP: caps, idle time-outs, draining. What is said over them is the session's. */
import { createServer, type Server, type Socket } from 'node:net';
import { aborted } from './aborted.ts';
import { isLoopback } from './client-address.ts';
import { ConnectionCaps } from './connection-caps.ts';
import { Connection, LAST_WORDS_MS } from './connection.ts';
import type { Descriptors } from './descriptors.ts';
import { listenOn } from './listen.ts';
import type { Log } from './log.ts';
import type { Metrics, Protocol } from './metrics.ts';
import { RefusedLog } from './refused-log.ts';
import type { SettingName } from './settings.ts';

/** How often, in milliseconds, all connections are looked at for silence: one timer for all, so an idle connection costs no timer. */
const SWEEP_MS = 5_000;

/** What a protocol does on a connection. What a method throws is logged and ends that connection only. */
export interface TcpSession {
  /** Octets came, in any chunking. Slow work: `connection.socket.pause()` until it is done. */
  data(chunk: Buffer): void;
  /** The client will send no more; answers still under way can be sent. Hang up when they are. */
  end(): void;
  /** Silent for too long, or past its deadline: say so and hang up. */
  idle(): void;
  /** The server stops: say so and hang up, now or after the command in hand. */
  shutdown(): void;
  /** The connection is gone, however it ended. */
  closed(): void;
}

export interface TcpServerOptions {
  readonly protocol: Protocol;
  /** The setting of the port, for error messages. */
  readonly setting: SettingName;
  /** Connections at once. */
  readonly maxConnections: number;
  /** Connections at once of one client (IPv6: of one /64); loopback is exempt. */
  readonly maxConnectionsPerIp: number;
  /** Silence in seconds after which `idle` is called; a connection can change its own. */
  readonly idleSeconds: number;
  /** Sent to a client over a cap before it is cut, with its line end. */
  readonly refusal: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Those of the process, unless a test has its own. */
  readonly descriptors?: Descriptors;
}

export class TcpServer {
  readonly #options: TcpServerOptions;
  readonly #open: (connection: Connection) => TcpSession;
  readonly #server: Server;
  readonly #sessions = new Map<Connection, TcpSession>();
  readonly #caps: ConnectionCaps;
  readonly #refused: RefusedLog;
  #sweeper: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  #closing = false;

  /** @param open a client came: greet it, return its session */
  constructor(options: TcpServerOptions, open: (connection: Connection) => TcpSession) {
    this.#options = options;
    this.#open = open;
    this.#caps = new ConnectionCaps(options.maxConnections, options.maxConnectionsPerIp, options.descriptors);
    this.#refused = new RefusedLog(options.log, options.protocol);
    // Half-open: a client that pipes all its commands and closes its end still gets every answer.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Connections open now. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Resolves with the port really bound. Throws ListenError. */
  async listen(port: number, host: string): Promise<number> {
    const bound = await listenOn(this.#server, { host, port, setting: this.#options.setting });
    this.#server.on('error', (error) => this.#options.log.error({ err: error }, 'listener'));
    const sweep = Math.min(SWEEP_MS, (this.#options.idleSeconds * 1_000) / 4);
    this.#sweeper = setInterval(() => this.#sweep(), sweep).unref();
    return bound;
  }

  /** Stops accepting, tells every session, waits for them to end until `cut` aborts, cuts the rest. Idempotent. */
  async close(cut: AbortSignal): Promise<void> {
    const gone = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#closing = true;
    for (const [connection, session] of this.#sessions) {
      connection.isStopping = true;
      this.#guard(connection, () => session.shutdown());
    }
    await this.#emptied(cut);
    clearInterval(this.#sweeper);
    for (const connection of this.#sessions.keys()) connection.socket.destroy();
    await this.#emptied(AbortSignal.timeout(LAST_WORDS_MS));
    await gone;
  }

  /** Resolves when all sessions are gone, or the signal aborts. */
  async #emptied(late: AbortSignal): Promise<void> {
    if (this.#sessions.size === 0) return;
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    await Promise.race([empty, aborted(late)]);
  }

  #accept(socket: Socket): void {
    const { protocol, metrics, log, refusal, idleSeconds } = this.#options;
    socket.on('error', (error) => log.debug({ protocol, reason: error.message }, 'connection lost'));
    const address = socket.remoteAddress;
    // Gone before we saw it.
    if (address === undefined || this.#closing) return void socket.destroy();
    const refused = this.#caps.take(address, isLoopback(address));
    if (refused !== undefined) {
      metrics.connectionRefused(protocol, refused);
      this.#refused.note(address, refused);
      this.#caps.descriptors.refuse(socket, refusal);
      return;
    }
    metrics.connectionOpened(protocol);
    const connection = new Connection(socket, address, idleSeconds);
    socket.once('close', () => this.#gone(connection));
    this.#guard(connection, () => {
      const session = this.#open(connection);
      this.#sessions.set(connection, session);
      socket.on('data', (chunk: Buffer) => this.#guard(connection, () => session.data(chunk)));
      socket.once('end', () => {
        connection.hasEnded = true;
        this.#guard(connection, () => session.end());
      });
    });
  }

  #gone(connection: Connection): void {
    const { protocol, metrics } = this.#options;
    const session = this.#sessions.get(connection);
    this.#sessions.delete(connection);
    this.#caps.give(connection.remoteAddress);
    metrics.connectionClosed(protocol);
    if (session !== undefined) this.#guard(connection, () => session.closed());
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [connection, session] of this.#sessions) {
      if (connection.isOverdue(now)) this.#guard(connection, () => session.idle());
      else if (connection.mustBeCut(now)) connection.socket.destroy();
    }
  }

  /** The last net: a fault of a session ends one connection, never the process. */
  #guard(connection: Connection, step: () => void): void {
    try {
      step();
    } catch (error) {
      const { log, protocol } = this.#options;
      log.error({ err: error, protocol, conn: connection.id }, 'fault on a connection');
      connection.socket.destroy();
    }
  }
}
