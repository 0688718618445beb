/** The smtp app, and the worker where a test wants deliveries, in this process on a database of their own. */
import { Config, House, silentLog, startApp } from '#runtime';
import { DirectoryFixture, freshDatabase, type FreshDatabase } from '#testing';
import type { INestApplicationContext } from '@nestjs/common';
import { SmtpModule } from '../../apps/smtp/src/smtp.module.ts';
import { WorkerModule } from '../../apps/worker/src/worker.module.ts';

export interface SmtpHouse {
  readonly port: number;
  readonly db: FreshDatabase;
  readonly directory: DirectoryFixture;
  /** Rows of a statement run as the owner. */
  readonly rows: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** Starts delivering; the worker ends with the house. */
  startWorker(): Promise<void>;
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
    POSTHOUSE_HTTP_PORT: '0',
    POSTHOUSE_HOSTNAME: 'mx.test',
    POSTHOUSE_DRAIN_SECONDS: '1',
    ...settings,
  });
  const house = new House(config, await databaseUrl(db.ownerUrl), silentLog());
  const apps: INestApplicationContext[] = [await startApp(house, SmtpModule)];
  return {
    port: house.listeners['smtp'] ?? 0,
    db,
    directory: new DirectoryFixture(db.owner),
    async rows<Row extends object>(text: string, values: unknown[] = []) {
      return (await db.owner.query<Row>(text, values)).rows;
    },
    async startWorker() {
      apps.push(await startApp(new House(config, db.ownerUrl, silentLog()), WorkerModule));
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
