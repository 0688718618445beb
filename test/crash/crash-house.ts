/** The platform as separate processes over a database server of its own, all of which can be killed. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '#auth';
import { DirectoryRefusal, MAX_MAILBOX_BATCH, ROOT_TENANT, type DirectoryScope } from '#domain';
import { migrateBells } from '#queue';
import { acquireHouse, roleUrl, silentLog, startEmbedded, type EmbeddedDatabase, type HouseLock } from '#runtime';
import { Database, migrate, PgDirectoryStore } from '#store';
import { DirectoryFixture, freePort } from '#testing';
import pg from 'pg';
import { AppProcess } from './app-process.ts';

export const MAILBOXES = 20;
/** Of an alias that is expanded while its worker dies. */
export const LIST = { address: 'everybody@crash.test', targets: 200 } as const;
/** Removed, suspended, renamed, emptied over POP3 while mail for them is under way. */
export const RESTLESS = {
  removed: ['a@removed.test', 'b@removed.test'],
  suspended: ['a@guest.test', 'b@guest.test'],
  renamed: ['other@crash.test'],
  popped: ['pop0@crash.test', 'pop1@crash.test', 'pop2@crash.test'],
} as const;
export const PASSWORD = 'crash secret';

/** A database server that outlives several runs; `folder` may lie on a small disk. */
export class CrashServer {
  readonly folder: string;
  readonly #lock: HouseLock;
  readonly database: EmbeddedDatabase;

  private constructor(folder: string, lock: HouseLock, database: EmbeddedDatabase) {
    this.folder = folder;
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
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class CrashHouse {
  readonly url: string;
  readonly port: number;
  readonly smtp: AppProcess;
  readonly workers: readonly AppProcess[];
  readonly imap: AppProcess;
  readonly pop3: AppProcess;
  readonly pop3Port: number;
  /** Of mailboxes that nobody changes. */
  readonly addresses: readonly string[];
  readonly #owner: pg.Pool;
  readonly #operator: Database;

  private constructor(
    url: string,
    { smtp, imap, pop3 }: { readonly smtp: number; readonly imap: number; readonly pop3: number },
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
    this.port = smtp;
    this.pop3Port = pop3;
    this.addresses = addresses;
    this.#owner = owner;
    this.smtp = new AppProcess('smtp', { ...environment, POSTHOUSE_SMTP_PORT: String(smtp) }, smtp);
    this.workers = [new AppProcess('worker', environment), new AppProcess('worker', environment)];
    this.imap = new AppProcess('imap', { ...environment, POSTHOUSE_IMAP_PORT: String(imap) }, imap);
    this.pop3 = new AppProcess('pop3', { ...environment, POSTHOUSE_POP3_PORT: String(pop3) }, pop3);
    this.#operator = new Database({
      url: roleUrl(url, 'posthouse_api'),
      name: 'crash operator',
      poolSize: 1,
      onError: () => undefined,
    });
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
    const guests = await fixture.tenant('guest');
    await fixture.domain('guest.test', { tenantId: guests });
    for (const domain of ['removed.test', 'list.test']) await fixture.domain(domain);
    const ports = { smtp: await freePort(), imap: await freePort(), pop3: await freePort() };
    const house = new CrashHouse(url.href, ports, redisUrl, addresses, owner);
    await house.#furnish(fixture);
    await Promise.all(house.apps.map((app) => app.start()));
    return house;
  }

  async #furnish(fixture: DirectoryFixture): Promise<void> {
    for (const address of [...RESTLESS.removed, ...RESTLESS.suspended]) await fixture.mailbox(address);
    const [hash, list] = [
      await hashPassword(PASSWORD),
      Array.from({ length: LIST.targets }, (_, at) => `${at}@list.test`),
    ];
    const room = { quotaOctets: undefined, quotaMessages: undefined };
    const made = [
      ...RESTLESS.popped.map((address) => ({ address, passwordHash: hash, ...room })),
      ...list.map((address) => ({ address, passwordHash: undefined, ...room })),
    ];
    for (let at = 0; at < made.length; at += MAX_MAILBOX_BATCH)
      await this.administer((directory, scope) =>
        directory.addMailboxes(scope, made.slice(at, at + MAX_MAILBOX_BATCH), false),
      );
    await this.administer((directory, scope) => directory.addAlias(scope, LIST.address, list));
    await this.administer((directory, scope) =>
      directory.setMailbox(scope, this.addresses[0] ?? '', { addAddresses: [...RESTLESS.renamed] }),
    );
  }

  get apps(): readonly AppProcess[] {
    return [this.smtp, ...this.workers, this.imap, this.pop3];
  }

  /**
   * One change that an operator makes, tried again as long as the database cannot answer. A try without an answer may have been committed:
   * where the next one is refused, as a removal is of what is gone, the change was made. Whoever calls asks the house whether it was.
   */
  async administer(change: (directory: PgDirectoryStore, scope: DirectoryScope) => Promise<unknown>): Promise<void> {
    const directory = new PgDirectoryStore(this.#operator);
    let mayBeDone = false;
    for (let tries = 0; ; tries++) {
      try {
        await change(directory, { principal: ROOT_TENANT, tenant: 'default' });
        return;
      } catch (error) {
        const isRefused = error instanceof DirectoryRefusal && error.code !== 'unavailable';
        if (isRefused && mayBeDone) return;
        if (isRefused || tries > 300) throw error;
        mayBeDone = true;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Rows, however often the server has to be asked while it recovers. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    for (let tries = 0; ; tries++) {
      try {
        return (await this.#owner.query<Row>(sql, [...values])).rows;
      } catch (error) {
        if (tries > 300) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.close()));
    await this.#operator.close();
    await this.#owner.end();
  }
}
