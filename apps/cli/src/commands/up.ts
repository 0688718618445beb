/** `posthouse up`: the whole platform in one process. */
import { createLog, exitOnFault, House, onShutdown, startApp, type AppModule, type Config } from '#runtime';
import type { INestApplicationContext } from '@nestjs/common';
import { ApiModule } from '../../../api/src/api.module.ts';
import { ImapModule } from '../../../imap/src/imap.module.ts';
import { Pop3Module } from '../../../pop3/src/pop3.module.ts';
import { SmtpModule } from '../../../smtp/src/smtp.module.ts';
import { WorkerModule } from '../../../worker/src/worker.module.ts';
import { firstSteps } from '../first-steps.ts';
import { holdHouse } from '../house-database.ts';

/** Readers and workers before the door for new mail; the doors close in the reverse order. */
const APPS: readonly AppModule[] = [ApiModule, WorkerModule, Pop3Module, ImapModule, SmtpModule];

/** Resolves when everything serves; the process ends with a signal. */
export async function up(config: Config, print: (text: string) => void): Promise<void> {
  const log = createLog(config.log);
  exitOnFault(log);
  const held = await holdHouse(config, log);
  const house = new House(config, held.databaseUrl, log);
  const running: INestApplicationContext[] = [];
  const close = async (): Promise<void> => {
    house.health.drain();
    for (const app of running.reverse()) await app.close();
    await held.release();
  };
  try {
    for (const app of APPS) running.push(await startApp(house, app));
  } catch (error) {
    await close();
    throw error;
  }
  held.lock.record({ listeners: house.listeners });
  onShutdown({ log, drainSeconds: config.drainSeconds, drain: close });
  print(firstSteps({ config, listeners: house.listeners, place: held.place }));
}
