/** The built apps, each a process of its own, over one database and a directory whose mailboxes have passwords. */
import { fileURLToPath } from 'node:url';
import { hashPassword } from '#auth';
import type { MailboxId } from '#domain';
import { DirectoryFixture, freePort, freshDatabase, type MailboxOptions } from '#testing';
import type pg from 'pg';
import { ensureBuilt } from '../../bin/ensure-built.js';
import { AppProcess } from '../crash/app-process.ts';

export const PASSWORD = 'correct horse';
export const HOSTNAME = 'mx.built.test';
export const DOMAIN = 'built.test';

/** Each with the name of its listener. */
const LISTENERS = { smtp: 'smtp', worker: undefined, pop3: 'pop3', imap: 'imap', api: 'http' } as const;
type AppName = keyof typeof LISTENERS;
type Listening = Exclude<AppName, 'worker'>;
/** What mail needs. */
const APPS: readonly AppName[] = ['smtp', 'worker', 'pop3', 'imap'];

/** Milliseconds without any progress after which waiting mail counts as stuck. */
const STUCK_AFTER = 60_000;

/** A database with the current schema. */
export interface HouseDatabase {
  readonly ownerUrl: string;
  readonly owner: pg.Pool;
}

export interface BuiltOptions {
  readonly apps?: readonly AppName[];
  readonly settings?: Record<string, string>;
}

export class BuiltHouse {
  readonly ports: Readonly<Record<Listening, number>>;
  readonly directory: DirectoryFixture;
  readonly apps: ReadonlyMap<AppName, AppProcess>;
  readonly #owner: pg.Pool;
  readonly #hash: string;
  readonly #settings: Readonly<Record<string, string>>;
  /** Beyond one of each. */
  readonly #others: AppProcess[] = [];
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(
    owner: pg.Pool,
    hash: string,
    ports: Record<Listening, number>,
    names: readonly AppName[],
    settings: Readonly<Record<string, string>>,
  ) {
    this.directory = new DirectoryFixture(owner);
    this.ports = ports;
    this.#owner = owner;
    this.#hash = hash;
    this.#settings = settings;
    this.apps = new Map(names.map((name) => [name, this.#app(name, name === 'worker' ? undefined : ports[name])]));
  }

  /** Over a database of its own on the shared test server, dropped at the end. */
  static async start(options: BuiltOptions = {}): Promise<BuiltHouse> {
    await ensureBuilt(fileURLToPath(new URL('../../', import.meta.url)));
    const db = await freshDatabase();
    const house = await BuiltHouse.over(db, options);
    house.#closing.push(() => db.drop());
    return house;
  }

  /** Over a given database, which stays; what is built must be there and fresh. */
  static async over(
    { ownerUrl, owner }: HouseDatabase,
    { apps: names = APPS, settings = {} }: BuiltOptions = {},
  ): Promise<BuiltHouse> {
    const ports = {
      smtp: await freePort(),
      pop3: await freePort(),
      imap: await freePort(),
      api: await freePort(),
    };
    const house = new BuiltHouse(owner, await hashPassword(PASSWORD), ports, names, {
      POSTHOUSE_DATABASE_URL: ownerUrl,
      POSTHOUSE_HOSTNAME: HOSTNAME,
      POSTHOUSE_DRAIN_SECONDS: '1',
      ...settings,
    });
    await house.directory.domain(DOMAIN);
    await Promise.all([...house.apps.values()].map((app) => app.start()));
    return house;
  }

  /** One more process of an app, beside the first. @returns its port */
  async another(name: Listening): Promise<number> {
    return (await this.beside(name)).port;
  }

  /** The same, for who has more to do with the process; it is ended with the others. */
  async beside(name: Listening): Promise<{ readonly port: number; readonly app: AppProcess }> {
    const port = await freePort();
    const app = this.#app(name, port);
    this.#others.push(app);
    await app.start();
    return { port, app };
  }

  /** A mailbox that anyone can log in to with PASSWORD. */
  async mailbox(address: string, options: MailboxOptions = {}): Promise<MailboxId> {
    const id = await this.directory.mailbox(address, options);
    await this.#owner.query(
      'insert into credential (tenant_id, mailbox_id, hash) select tenant_id, id, $2 from mailbox where id = $1',
      [id, this.#hash],
    );
    return id;
  }

  async rows<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#owner.query<Row>(text, values)).rows;
  }

  /** Resolves when nothing waits to be delivered; progress, not time, is what ends the wait. */
  async delivered(): Promise<void> {
    let last = -1;
    let since = performance.now();
    for (;;) {
      const [{ waiting } = { waiting: 0 }] = await this.rows<{ waiting: number }>(
        `select count(*)::int as waiting from delivery where lane in ('local', 'expand') and state in ('queued', 'leased')`,
      );
      if (waiting === 0) return;
      if (waiting !== last) [last, since] = [waiting, performance.now()];
      else if (performance.now() - since > STUCK_AFTER) throw new Error(`${waiting} deliveries make no progress`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Names of the apps whose process has ended. */
  ended(): string[] {
    return this.#processes.filter(({ pid }) => !isAlive(pid)).map(({ name }) => name);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((app) => app.kill()));
    for (const close of this.#closing) await close();
  }

  get #processes(): AppProcess[] {
    return [...this.apps.values(), ...this.#others];
  }

  #app(name: AppName, port: number | undefined): AppProcess {
    const listener = LISTENERS[name];
    const own = listener === undefined ? {} : { [`POSTHOUSE_${listener.toUpperCase()}_PORT`]: String(port) };
    return new AppProcess(name, { ...this.#settings, ...own }, port);
  }
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}
