/** The main of an app that runs as its own process. */
import { reasonOf } from './errors.ts';
import { House, startApp, type AppModule } from './house.ts';
import { serveHealth } from './health.ts';
import { findDatabase, HouseError } from './house-lock.ts';
import { createLog } from './log.ts';
import { lastWords } from './log-sink.ts';
import { isRoleUrl } from './role-url.ts';
import { recordServing } from './serving-record.ts';
import { configArgument, loadConfig } from './settings-file.ts';
import { exitOnFault, onShutdown } from './shutdown.ts';
import { fitThreadPool } from './thread-pool.ts';
import { waitForDatabase } from './wait-for-database.ts';

export interface RunOptions {
  /** Brings the schema up to date; called with the owner's URL, skipped when the app was given its own role's. */
  readonly migrate: (ownerUrl: string) => Promise<unknown>;
}

/** Resolves when the app serves; a failed start is one line that says what to do, and exit code 1. */
export async function runApp(name: string, app: AppModule, options: RunOptions): Promise<void> {
  fitThreadPool();
  try {
    await serve(name, app, options);
  } catch (error) {
    lastWords(`posthouse ${name}: ${reasonOf(error)}`);
    process.exit(1);
  }
}

async function serve(name: string, app: AppModule, { migrate }: RunOptions): Promise<void> {
  const config = loadConfig({ file: configArgument(process.argv.slice(2)) });
  const log = createLog(config.log, { name });
  exitOnFault(log);
  const databaseUrl = findDatabase(config);
  if (databaseUrl === undefined) {
    throw new HouseError(
      `no database: no house runs on ${config.dataDir}; start one with "npx posthouse database", or set POSTHOUSE_DATABASE_URL`,
    );
  }
  await waitForDatabase(databaseUrl, log);
  if (!isRoleUrl(databaseUrl)) await migrate(databaseUrl);
  const house = new House(config, databaseUrl, log);
  const context = await startApp(house, app);
  const address = {
    host: config.httpBind,
    port: config.healthPort,
    setting: 'POSTHOUSE_HEALTH_PORT',
    bindSetting: 'POSTHOUSE_HTTP_BIND',
  } as const;
  const health = config.healthPort > 0 ? await serveHealth(house.health, address) : undefined;
  await recordServing(name, config, databaseUrl, log);
  log.info({ listeners: house.listeners }, 'serving');
  onShutdown({
    log,
    drainSeconds: config.drainSeconds,
    drain: async () => {
      house.drain();
      await context.close();
      await health?.close();
    },
  });
}
