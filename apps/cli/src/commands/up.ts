/** `posthouse up`: the whole platform in one process. */
import { createLog, exitOnFault, House, onShutdown, startApp, type AppModule, type Config } from '#runtime';
import type { INestApplicationContext } from '@nestjs/common';
import { ApiModule } from '../../../api/src/api.module.ts';
import { ImapModule } from '../../../imap/src/imap.module.ts';
import { Pop3Module } from '../../../pop3/src/pop3.module.ts';
import { SmtpModule } from '../../../smtp/src/smtp.module.ts';
import { WorkerModule } from '../../../worker/src/worker.module.ts';
import { firstSteps } from '../first-steps.ts';
import { holdHouse, type HeldHouse } from '../house-database.ts';

/** Readers and workers before the door for new mail; the doors close in the reverse order. */
const APPS: readonly AppModule[] = [ApiModule, WorkerModule, Pop3Module, ImapModule, SmtpModule];

/** Resolves when everything serves; the process ends with a signal, which is heard during the start as well. */
export async function up(config: Config, print: (text: string) => void): Promise<void> {
  const log = createLog(config.log);
  exitOnFault(log);
  const running: INestApplicationContext[] = [];
  let house: House | undefined;
  let held: HeldHouse | undefined;
  let isStopping = false;
  const close = async (): Promise<void> => {
    house?.health.drain();
    for (const app of running.splice(0).reverse()) await app.close();
    await held?.release();
  };
  const start = async (): Promise<void> => {
    held = await holdHouse(config, log);
    house = new House(config, held.databaseUrl, log);
    for (const app of APPS) if (!isStopping) running.push(await startApp(house, app));
    held.lock.record({ listeners: house.listeners });
    log.flush(); // what happened before stands above the table
    if (!isStopping) print(firstSteps({ config, listeners: house.listeners, place: held.place }));
  };
  const started = start();
  onShutdown({
    log,
    drainSeconds: config.drainSeconds,
    drain: async () => {
      isStopping = true;
      // The reason of a failed start is printed below.
      await started.catch(() => undefined);
      await close();
    },
  });
  try {
    await started;
  } catch (error) {
    await close();
    throw error;
  }
}
