/** A command's way to the database: the running house, the one of POSTHOUSE_DATABASE_URL, or one started for this command. */
import type { DirectoryStore, TraceStore } from '#domain';
import { findDatabase, roleUrl, silentLog, type Config } from '#runtime';
import { Database, PgDirectoryStore, PgTraceStore } from '#store';
import { holdHouse } from './house-database.ts';
import type { Terminal } from './terminal.ts';

export interface OpenHouse {
  readonly directory: DirectoryStore;
  readonly trace: TraceStore;
  /** The owner's URL; also that of one role where only that was given. */
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** Connections of one command. */
const POOL = 2;

export function connectHouse(databaseUrl: string, onClose: () => Promise<void> = async () => undefined): OpenHouse {
  const database = new Database({ url: roleUrl(databaseUrl, 'posthouse_api'), name: 'posthouse cli', poolSize: POOL });
  return {
    directory: new PgDirectoryStore(database),
    trace: new PgTraceStore(database),
    databaseUrl,
    async close() {
      await database.close();
      await onClose();
    },
  };
}

/** Throws HouseError or EmbeddedError when there is no database to be had. */
export async function openHouse(config: Config, terminal: Terminal): Promise<OpenHouse> {
  const { url, stop } = await openDatabase(config, terminal);
  return connectHouse(url, stop);
}

/** The owner's URL, and how to give back what was started for it. */
export async function openDatabase(
  config: Config,
  terminal: Terminal,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const found = findDatabase(config);
  if (found !== undefined) return { url: found, stop: async () => undefined };
  if (terminal.isInteractive) terminal.err('the house is not running: starting its database for this command');
  const held = await holdHouse(config, silentLog());
  return { url: held.databaseUrl, stop: () => held.release() };
}
