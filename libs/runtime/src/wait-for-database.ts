/** An app may start while its database does: after a power cut all of them come up at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { errorCode, reasonOf } from './errors.ts';
import type { Log } from './log.ts';
import { refuseOldServer } from './server-version.ts';

/** Not there yet, or just going: cannot_connect_now, admin_shutdown, crash_shutdown, too_many_connections. */
const PASSING = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', '57P01', '57P02', '57P03', '53300']);
/** Milliseconds before a start gives up; whoever supervises the process tries again. */
const PATIENCE = 60_000;
const BETWEEN_TRIES = 250;

/** Resolves when the database answers. Rejects at once for what waiting does not heal (wrong password, no such database, a version too old). */
export async function waitForDatabase(url: string, log: Log, patience = PATIENCE): Promise<void> {
  const deadline = performance.now() + patience;
  for (let tries = 0; ; tries++) {
    const error = await attempt(url);
    if (error === undefined) return;
    const isPassing = PASSING.has(errorCode(error) ?? '') || reasonOf(error).includes('terminated unexpectedly');
    if (!isPassing || performance.now() > deadline) throw error;
    if (tries === 0) log.warn({ reason: reasonOf(error) }, 'the database is not ready; waiting for it');
    await sleep(BETWEEN_TRIES);
  }
}

async function attempt(url: string): Promise<unknown> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await refuseOldServer(client);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
