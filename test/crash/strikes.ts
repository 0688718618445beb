/** Carries out what a plan says. A strike that finds nothing to strike is a fault: the run would prove less than it says. */
import type { PrivateRedis } from '#testing';
import type { AppProcess } from './app-process.ts';
import type { CrashHouse, CrashServer } from './crash-house.ts';
import type { Kind, Strike } from './plan.ts';
import { flushAll } from './redis-server.ts';

/** Milliseconds that PostgreSQL's launcher may take to have it running again. */
const PATIENCE = 30_000;

export interface Targets {
  readonly house: CrashHouse;
  readonly server: CrashServer;
  /** Undefined where no plan names it. */
  readonly redis: PrivateRedis | undefined;
}

/** Resolves when what was struck is gone, or, where a supervisor of ours would start it again, serves again. */
export async function strike({ house, server, redis }: Targets, { kind, choice }: Strike): Promise<void> {
  switch (kind) {
    case 'kill -9 smtp':
      return killAndStart(house.smtp);
    case 'kill -9 worker':
      return killAndStart(house.workers[choice % house.workers.length]);
    case 'kill -9 imap':
      return killAndStart(house.imap);
    case 'kill -9 postgres':
      return killServer(server);
    case 'FLUSHALL':
      return flushAll(there(redis, kind));
    case 'stop redis':
      return there(redis, kind).down();
    case 'start redis':
      return there(redis, kind).up();
  }
}

function there<T>(target: T | undefined, kind: Kind): T {
  if (target === undefined) throw new Error(`${kind}: there is none`);
  return target;
}

async function killAndStart(app: AppProcess | undefined): Promise<void> {
  if (!app?.isRunning) throw new Error(`${app?.name} is not running: it has ended by itself`);
  await app.kill();
  await app.start();
}

/** Its launcher starts it again by itself. */
async function killServer(server: CrashServer): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline;) {
    const pid = server.database.pid();
    try {
      if (pid !== undefined && process.kill(pid, 'SIGKILL')) return;
    } catch {
      // Dead from the strike before, and on its way back.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the database server was not started again');
}
