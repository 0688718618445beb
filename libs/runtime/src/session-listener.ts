/** The port of a protocol whose sessions last: bounded by the settings, drained with the house. */
import type { Connection } from './connection.ts';
import type { House } from './house.ts';
import type { Log } from './log.ts';
import { RushCollector } from './rush-collector.ts';
import { TcpServer, type TcpSession } from './tcp-server.ts';

const SETTINGS = { pop3: 'POSTHOUSE_POP3_PORT', imap: 'POSTHOUSE_IMAP_PORT' } as const;

export interface SessionProtocol {
  /** Sent to a client over a cap before it is cut, with its line end. */
  readonly refusal: string;
  readonly log: Log;
  /** A client came: greet it, return its session. */
  readonly open: (connection: Connection) => TcpSession;
}

export class SessionListener {
  readonly #house: House;
  readonly #protocol: keyof typeof SETTINGS;
  readonly #server: TcpServer;

  constructor(house: House, protocol: keyof typeof SETTINGS, { refusal, log, open }: SessionProtocol) {
    this.#house = house;
    this.#protocol = protocol;
    const { limits, idleSeconds } = house.config;
    const rush = house.shared(RushCollector);
    this.#server = new TcpServer(
      {
        protocol,
        setting: SETTINGS[protocol],
        maxConnections: limits.connections,
        maxConnectionsPerIp: limits.connectionsPerIp,
        idleSeconds: idleSeconds[protocol],
        refusal,
        log,
        metrics: house.metrics,
      },
      (connection) => {
        rush.note();
        return open(connection);
      },
    );
  }

  /** Throws ListenError. */
  async listen(): Promise<void> {
    const { bind, ports } = this.#house.config;
    this.#house.listeners[this.#protocol] = await this.#server.listen(ports[this.#protocol], bind);
  }

  /** Ends the sessions: each after its command in hand, all of them when the house's time is up. */
  drain(): Promise<void> {
    return this.#server.close(this.#house.drain());
  }
}
