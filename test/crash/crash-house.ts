/** The platform as separate processes over a database server of its own, all of which can be killed. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireHouse, silentLog, startEmbedded, type EmbeddedDatabase, type HouseLock } from '#runtime';
import { migrateBells } from '#queue';
import { migrate } from '#store';
import { DirectoryFixture, freePort } from '#testing';
import pg from 'pg';
import { AppProcess } from './app-process.ts';

export const MAILBOXES = 20;

/** A database server that outlives several runs; `folder` may lie on a small disk. */
export class CrashServer {
  readonly #folder: string;
  readonly #lock: HouseLock;
  readonly database: EmbeddedDatabase;

  private constructor(folder: string, lock: HouseLock, database: EmbeddedDatabase) {
    this.#folder = folder;
    this.#lock = lock;
    this.database = database;
  }

  static async start(within = tmpdir()): Promise<CrashServer> {
    const folder = await mkdtemp(join(within, 'posthouse-crash-'));
    await chmod(folder, 0o711);
    const lock = acquireHouse(folder);
    if ('heldBy' in lock) throw new Error(`${folder} is held by process ${lock.heldBy}`);
    return new CrashServer(folder, lock, await startEmbedded(lock, silentLog()));
  }

  async stop(): Promise<void> {
    await this.database.stop();
    this.#lock.release();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export class CrashHouse {
  readonly url: string;
  readonly port: number;
  readonly smtp: AppProcess;
  readonly workers: readonly AppProcess[];
  readonly imap: AppProcess;
  readonly addresses: readonly string[];
  readonly #owner: pg.Pool;

  private constructor(
    url: string,
    port: number,
    imapPort: number,
    redisUrl: string | undefined,
    addresses: readonly string[],
    owner: pg.Pool,
  ) {
    const environment = {
      POSTHOUSE_DATABASE_URL: url,
      POSTHOUSE_HOSTNAME: 'mx.crash.test',
      ...(redisUrl !== undefined && { POSTHOUSE_REDIS_URL: redisUrl }),
    };
    this.url = url;
    this.port = port;
    this.addresses = addresses;
    this.#owner = owner;
    this.smtp = new AppProcess('smtp', { ...environment, POSTHOUSE_SMTP_PORT: String(port) }, port);
    this.workers = [new AppProcess('worker', environment), new AppProcess('worker', environment)];
    this.imap = new AppProcess('imap', { ...environment, POSTHOUSE_IMAP_PORT: String(imapPort) }, imapPort);
  }

  /** A new database on the server, its directory, and all apps. */
  static async start(server: CrashServer, name: string, redisUrl?: string): Promise<CrashHouse> {
    const administrator = new pg.Client(server.database.url);
    await administrator.connect();
    await administrator.query(`create database ${name} encoding 'UTF8' template template0`);
    await administrator.end();
    const url = new URL(server.database.url);
    url.pathname = `/${name}`;
    await migrate(url.href, migrateBells);
    const owner = new pg.Pool({ connectionString: url.href, max: 2 });
    owner.on('error', () => undefined);
    const fixture = new DirectoryFixture(owner);
    await fixture.domain('crash.test');
    const addresses = Array.from({ length: MAILBOXES }, (_, at) => `user${at}@crash.test`);
    for (const address of addresses) await fixture.mailbox(address);
    const house = new CrashHouse(url.href, await freePort(), await freePort(), redisUrl, addresses, owner);
    await Promise.all([house.smtp, ...house.workers, house.imap].map((app) => app.start()));
    return house;
  }

  /** Rows, however often the server has to be asked while it recovers. */
  async query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    for (let tries = 0; ; tries++) {
      try {
        return (await this.#owner.query<Row>(sql)).rows;
      } catch (error) {
        if (tries > 300) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.smtp, ...this.workers, this.imap].map((app) => app.kill()));
    await this.#owner.end();
  }
}
