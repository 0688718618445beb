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

const APPS = ['smtp', 'worker', 'pop3', 'imap'] as const;
type AppName = (typeof APPS)[number];
const LISTENING = ['smtp', 'pop3', 'imap'] as const;
type Listening = (typeof LISTENING)[number];

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
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(
    owner: pg.Pool,
    hash: string,
    ports: Record<Listening, number>,
    apps: ReadonlyMap<AppName, AppProcess>,
  ) {
    this.directory = new DirectoryFixture(owner);
    this.ports = ports;
    this.apps = apps;
    this.#owner = owner;
    this.#hash = hash;
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
    const ports = { smtp: await freePort(), pop3: await freePort(), imap: await freePort() };
    const environment = {
      POSTHOUSE_DATABASE_URL: ownerUrl,
      POSTHOUSE_HOSTNAME: HOSTNAME,
      POSTHOUSE_DRAIN_SECONDS: '1',
      ...Object.fromEntries(LISTENING.map((name) => [`POSTHOUSE_${name.toUpperCase()}_PORT`, String(ports[name])])),
      ...settings,
    };
    const isListening = (name: AppName): name is Listening => name !== 'worker';
    const apps = new Map(
      names.map((name) => [name, new AppProcess(name, environment, isListening(name) ? ports[name] : undefined)]),
    );
    const house = new BuiltHouse(owner, await hashPassword(PASSWORD), ports, apps);
    await house.directory.domain(DOMAIN);
    await Promise.all([...apps.values()].map((app) => app.start()));
    return house;
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
        `select count(*)::int as waiting from delivery where lane = 'local' and state in ('queued', 'leased')`,
      );
      if (waiting === 0) return;
      if (waiting !== last) [last, since] = [waiting, performance.now()];
      else if (performance.now() - since > STUCK_AFTER) throw new Error(`${waiting} deliveries make no progress`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Names of the apps whose process has ended. */
  ended(): string[] {
    return [...this.apps].filter(([, { pid }]) => !isAlive(pid)).map(([name]) => name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.apps.values()].map((app) => app.kill()));
    for (const close of this.#closing) await close();
  }
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}
