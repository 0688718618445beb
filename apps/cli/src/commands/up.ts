/** `posthouse up`: the whole platform in one process. */
import { flushCompileCache } from 'node:module';
import { createLog, exitOnFault, houseIdentity, ListenError, onShutdown, recordServing, type Config } from '#runtime';
import { holdHouse, type HeldHouse } from '../house-database.ts';
import type { Apps } from '../stages.ts';

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
  let apps: Apps | undefined;
  let held: HeldHouse | undefined;
  const stopping = new AbortController();
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await apps?.stop();
    await held?.release();
  };
  const start = async (): Promise<void> => {
    held = await holdHouse(config, log, 'house', { onWait, signal: stopping.signal });
    const stages = await import('../stages.ts');
    apps = new stages.Apps(config, held.databaseUrl, log, houseIdentity(config.dataDir));
    await startAll(apps, config, stopping.signal);
    held.lock.record({ listeners: apps.listeners });
    await recordServing('posthouse', config, held.databaseUrl, log);
    // Else it is kept at the exit, which a process that is killed never has.
    flushCompileCache();
    log.flush(); // what happened before stands above the table
    if (!stopping.signal.aborted) report({ listeners: apps.listeners, place: held.place });
  };
  const started = start();
  // The apps are hundreds of modules: read while the database starts, and not before that is asked to.
  setImmediate(() => void import('../stages.ts').then(({ readFirstApp }) => readFirstApp()));
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

async function startAll(apps: Apps, config: Config, signal: AbortSignal): Promise<void> {
  try {
    await apps.start(signal);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const { everyListenError } = await import('../taken-ports.ts');
    throw await everyListenError(error, config, apps.listeners);
  }
}

/** A wait that a signal ended: whoever gave it knows why. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
