/** `posthouse database`: the embedded database alone, for apps that run as processes of their own. */
import { createLog, exitOnFault, onShutdown, type Config } from '#runtime';
import { holdHouse } from '../house-database.ts';

/** Resolves when the database serves; it ends with a signal. */
export async function database(config: Config, print: (text: string) => void): Promise<void> {
  const log = createLog(config.log, { name: 'database' });
  exitOnFault(log);
  const starting = holdHouse(config, log);
  const drain = async (): Promise<void> => (await starting.catch(() => undefined))?.release();
  onShutdown({ log, drainSeconds: config.drainSeconds, drain });
  const { place } = await starting;
  print(
    `The database of the house is up: ${place}.\nStart the apps beside it: npm run start:smtp, start:worker, start:pop3, start:imap, start:api.\n`,
  );
}
