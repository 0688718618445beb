/** `posthouse up`: the whole platform in one process. */
import {
  createLog,
  exitOnFault,
  House,
  houseIdentity,
  onShutdown,
  recordServing,
  startApp,
  type AppModule,
  type Config,
} from '#runtime';
import type { INestApplicationContext } from '@nestjs/common';
import { holdHouse, type HeldHouse } from '../house-database.ts';
import { STAGES, stopInStages } from '../stages.ts';

export interface Serving {
  /** Ports really bound, by listener. */
  readonly listeners: Readonly<Record<string, number>>;
  /** Where the data lies, for people. */
  readonly place: string;
}

/** Resolves when everything serves; the process ends with a signal, which is heard during the start as well. */
export async function up(
  config: Config,
  report: (facts: Serving) => void,
  onWait: (words: string) => void,
): Promise<void> {
  const log = createLog(config.log);
  exitOnFault(log);
  const running = new Map<AppModule, INestApplicationContext>();
  let house: House | undefined;
  let held: HeldHouse | undefined;
  const stopping = new AbortController();
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    house?.drain();
    await stopInStages(STAGES, running);
    await held?.release();
  };
  const start = async (): Promise<void> => {
    held = await holdHouse(config, log, 'house', { onWait, signal: stopping.signal });
    house = new House(config, held.databaseUrl, log, houseIdentity(config.dataDir));
    for (const app of STAGES.flat().reverse())
      if (!stopping.signal.aborted) running.set(app, await startApp(house, app));
    held.lock.record({ listeners: house.listeners });
    await recordServing('posthouse', config, held.databaseUrl, log);
    log.flush(); // what happened before stands above the table
    if (!stopping.signal.aborted) report({ listeners: house.listeners, place: held.place });
  };
  const started = start();
  onShutdown({
    log,
    drainSeconds: config.drainSeconds,
    drain: async () => {
      stopping.abort();
      // The reason of a failed start is printed below.
      await started.catch(() => undefined);
      await (closed ??= close());
    },
  });
  try {
    await started;
  } catch (error) {
    await (closed ??= close());
    if (!isAbort(error)) throw error;
  }
}

/** A wait that a signal ended: whoever gave it knows why. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
