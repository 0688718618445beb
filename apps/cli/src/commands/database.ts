/** `posthouse database`: the embedded database alone, for apps that run as processes of their own. */
import { createLog, exitOnFault, onShutdown, type Config } from '#runtime';
import { holdHouse } from '../house-database.ts';

/** Resolves when the database serves; it ends with a signal. */
export async function database(
  config: Config,
  report: (facts: { place: string }) => void,
  onWait: (words: string) => void,
): Promise<void> {
  const log = createLog(config.log, { name: 'database' });
  exitOnFault(log);
  const stopping = new AbortController();
  const starting = holdHouse(config, log, 'database', { onWait, signal: stopping.signal });
  const drain = async (): Promise<void> => {
    stopping.abort();
    await (await starting.catch(() => undefined))?.release();
  };
  onShutdown({ log, drainSeconds: config.drainSeconds, drain });
  const held = await starting.catch((error: unknown) => {
    // The signal that ended the wait ends the process.
    if (!stopping.signal.aborted) throw error;
  });
  if (held !== undefined) report(held);
}
