/** In which order the apps of one process start and stop. */
import type { AppModule } from '#runtime';
import type { INestApplicationContext } from '@nestjs/common';
import { ApiModule } from '../../api/src/api.module.ts';
import { ImapModule } from '../../imap/src/imap.module.ts';
import { Pop3Module } from '../../pop3/src/pop3.module.ts';
import { SmtpModule } from '../../smtp/src/smtp.module.ts';
import { WorkerModule } from '../../worker/src/worker.module.ts';

/**
 * The apps that stop side by side, stage after stage: what talks to clients, then the worker, which delivers until the last mail is in,
 * and at the end the port where an operator sees all that. They start the other way round, the door for new mail last.
 */
export const STAGES: readonly (readonly AppModule[])[] = [
  [SmtpModule, ImapModule, Pop3Module],
  [WorkerModule],
  [ApiModule],
];

/** Closes what runs of each stage. Nest logs what fails in an app's drain, and the others go on. */
export async function stopInStages(
  stages: readonly (readonly AppModule[])[],
  running: ReadonlyMap<AppModule, INestApplicationContext>,
): Promise<void> {
  for (const stage of stages) await Promise.all(stage.map(async (app) => running.get(app)?.close()));
}
