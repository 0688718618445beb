/** `posthouse database`: the embedded database alone, for apps that run as processes of their own. */
import { createLog, exitOnFault, onShutdown, type Config } from '#runtime';
import { holdHouse } from '../house-database.ts';

/** Resolves when the database serves; it ends with a signal. */
export async function database(config: Config, report: (facts: { place: string }) => void): Promise<void> {
  const log = createLog(config.log, { name: 'database' });
  exitOnFault(log);
  const starting = holdHouse(config, log, 'database');
  const drain = async (): Promise<void> => (await starting.catch(() => undefined))?.release();
  onShutdown({ log, drainSeconds: config.drainSeconds, drain });
  report(await starting);
}
