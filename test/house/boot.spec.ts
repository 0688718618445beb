import { afterAll, beforeAll, expect, test } from 'vitest';
import { Config, House, silentLog, startApp, type AppModule } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { ApiModule } from '../../apps/api/src/api.module.ts';
import { ImapModule } from '../../apps/imap/src/imap.module.ts';
import { Pop3Module } from '../../apps/pop3/src/pop3.module.ts';
import { SmtpModule } from '../../apps/smtp/src/smtp.module.ts';
import { WorkerModule } from '../../apps/worker/src/worker.module.ts';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

/** An injected class that was imported as a type only resolves to Object: Nest fails here, not in an operator's hands. */
test.for<[string, AppModule, string | undefined]>([
  ['api', ApiModule, 'http'],
  ['worker', WorkerModule, undefined],
  ['pop3', Pop3Module, 'pop3'],
  ['imap', ImapModule, 'imap'],
  ['smtp', SmtpModule, 'smtp'],
])('%s resolves, listens, says it is ready and closes', async ([, module, listener]) => {
  const config = Config.fromEnv({
    POSTHOUSE_HOSTNAME: 'mx.test',
    POSTHOUSE_SMTP_PORT: '0',
    POSTHOUSE_POP3_PORT: '0',
    POSTHOUSE_IMAP_PORT: '0',
    POSTHOUSE_HTTP_PORT: '0',
    POSTHOUSE_DRAIN_SECONDS: '1',
  });
  const house = new House(config, db.ownerUrl, silentLog());
  const app = await startApp(house, module);
  expect(Object.keys(house.listeners)).toEqual(listener === undefined ? [] : [listener]);
  expect(await house.health.answer('/health/ready')).toMatchObject({ status: 200 });
  await app.close();
});
