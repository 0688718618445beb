/** The apps of one process: in which order they start and stop. */
import { House, startApp, type AppModule } from '#runtime';
import type { INestApplicationContext } from '@nestjs/common';

/** Reads an app; a second call gives the same. An app is hundreds of modules, and a start waits for those it needs next. */
export type AppLoader = () => Promise<AppModule>;

/**
 * The apps that stop side by side, stage after stage: what talks to clients, then the worker, which delivers until the last mail is in,
 * and at the end the port where an operator sees all that. They start in the same order, the door for new mail first: it needs nothing
 * of the others, what it takes is safe, and they find it when they come.
 */
export const STAGES: readonly (readonly AppLoader[])[] = [
  [
    async () => (await import('../../smtp/src/smtp.module.ts')).SmtpModule,
    async () => (await import('../../imap/src/imap.module.ts')).ImapModule,
    async () => (await import('../../pop3/src/pop3.module.ts')).Pop3Module,
  ],
  [async () => (await import('../../worker/src/worker.module.ts')).WorkerModule],
  [async () => (await import('../../api/src/api.module.ts')).ApiModule],
];

/** The first one, before it is asked for: so that it can be read while something else is waited for. Never rejects: its start says why. */
export const readFirstApp = async (): Promise<void> => void (await STAGES[0]?.[0]?.().catch(() => undefined));

export type Running<App> = Map<App, INestApplicationContext>;

/** Closes what runs of each stage. Nest logs what fails in an app's drain, and the others go on. */
export async function stopInStages<App>(stages: readonly (readonly App[])[], running: Running<App>): Promise<void> {
  for (const stage of stages) await Promise.all(stage.map(async (app) => running.get(app)?.close()));
}

/** All of them, in one house. */
export class Apps {
  readonly #house: House;
  readonly #running: Running<AppLoader> = new Map();

  constructor(...house: ConstructorParameters<typeof House>) {
    this.#house = new House(...house);
  }

  /** Ports really bound, by listener. */
  get listeners(): Readonly<Record<string, number>> {
    return this.#house.listeners;
  }

  /** Resolves when all serve, or with the last that was begun before the signal. */
  async start(signal: AbortSignal): Promise<void> {
    for (const app of STAGES.flat())
      if (!signal.aborted) this.#running.set(app, await startApp(this.#house, await app()));
  }

  /** Drains those that run. */
  async stop(): Promise<void> {
    this.#house.drain();
    await stopInStages(STAGES, this.#running);
  }
}
