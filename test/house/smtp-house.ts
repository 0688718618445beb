/** The smtp app, and the worker where a test wants deliveries, in this process on a database of their own. */
import { hashPassword } from '#auth';
import type { MailboxId } from '#domain';
import { Config, House, silentLog, startApp } from '#runtime';
import { DirectoryFixture, freshDatabase, type FreshDatabase, type MailboxOptions } from '#testing';
import type { INestApplicationContext } from '@nestjs/common';
import { ImapModule } from '../../apps/imap/src/imap.module.ts';
import { Pop3Module } from '../../apps/pop3/src/pop3.module.ts';
import { SmtpModule } from '../../apps/smtp/src/smtp.module.ts';
import { WorkerModule } from '../../apps/worker/src/worker.module.ts';
import { PASSWORD } from './imap.spec-helper.ts';

export interface SmtpHouse {
  readonly port: number;
  readonly db: FreshDatabase;
  readonly directory: DirectoryFixture;
  /** Rows of a statement run as the owner. */
  readonly rows: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** A mailbox that logs in with PASSWORD. */
  person(address: string, options?: MailboxOptions): Promise<MailboxId>;
  /** Starts delivering; the worker ends with the house. */
  startWorker(): Promise<void>;
  /** Starts pop3 and imap, and gives their ports; they end with the house. */
  startReaders(): Promise<{ pop3: number; imap: number }>;
  close(): Promise<void>;
}

export interface SmtpHouseOptions {
  readonly settings?: Record<string, string>;
  /** Where the smtp app finds its database; by default where it really is. */
  readonly databaseUrl?: (ownerUrl: string) => string | Promise<string>;
}

export async function startSmtpHouse({
  settings = {},
  databaseUrl = (url) => url,
}: SmtpHouseOptions = {}): Promise<SmtpHouse> {
  const db = await freshDatabase();
  const config = Config.fromEnv({
    POSTHOUSE_SMTP_PORT: '0',
    POSTHOUSE_POP3_PORT: '0',
    POSTHOUSE_IMAP_PORT: '0',
    POSTHOUSE_HTTP_PORT: '0',
    POSTHOUSE_HOSTNAME: 'mx.test',
    POSTHOUSE_DRAIN_SECONDS: '1',
    ...settings,
  });
  const house = new House(config, await databaseUrl(db.ownerUrl), silentLog());
  const apps: INestApplicationContext[] = [await startApp(house, SmtpModule)];
  const directory = new DirectoryFixture(db.owner);
  let hash: Promise<string> | undefined;
  return {
    port: house.listeners['smtp'] ?? 0,
    db,
    directory,
    async rows<Row extends object>(text: string, values: unknown[] = []) {
      return (await db.owner.query<Row>(text, values)).rows;
    },
    async person(address, options = {}) {
      const mailboxId = await directory.mailbox(address, options);
      hash ??= hashPassword(PASSWORD);
      await db.owner.query(
        'insert into credential (tenant_id, mailbox_id, hash) select tenant_id, id, $2 from mailbox where id = $1',
        [mailboxId, await hash],
      );
      return mailboxId;
    },
    async startWorker() {
      apps.push(await startApp(new House(config, db.ownerUrl, silentLog()), WorkerModule));
    },
    async startReaders() {
      const readers = new House(config, db.ownerUrl, silentLog());
      apps.push(await startApp(readers, Pop3Module), await startApp(readers, ImapModule));
      return { pop3: readers.listeners['pop3'] ?? 0, imap: readers.listeners['imap'] ?? 0 };
    },
    async close() {
      for (const app of apps.toReversed()) await app.close();
      await db.drop();
    },
  };
}

/** Asks until the answer is there: for what another connection or a worker is about to do. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let turn = 0; turn < 2_000; turn++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not happen');
}
