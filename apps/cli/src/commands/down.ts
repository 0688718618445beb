import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, houseHolder, type Config } from '#runtime';
import type { Command } from 'commander';
import { appsBeside, NOT_LISTED } from '../apps-beside.ts';
import { commonOptions, type Context } from '../context.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { printJson } from '../listing.ts';
import { needHouse } from '../open-house.ts';

/** Seconds beyond the drain that closing pools and stopping the database may take. */
const CLOSE_SECONDS = 45;
const LOOK_MS = 100;

export function registerDown(program: Command, context: Context): void {
  program
    .command('down')
    .description('stop the running house: it finishes what it has in hand first')
    .option('--force', 'stop a database that runs alone under the apps that use it')
    .action(async ({ force = false }: { force?: boolean }, command: Command) => {
      const { terminal } = context;
      const config = context.config();
      const { dataDir, drainSeconds } = config;
      needHouse(config);
      const holder = houseHolder(dataDir);
      const report = (stopped: number | null, words: string): void =>
        commonOptions(command).json ? printJson(terminal, { stopped }) : terminal.out(words);
      if (holder === undefined || holder.purpose === 'command')
        return report(null, `no house is running in ${dataDir}; ${NOT_LISTED}`);
      const pid = holder.heldBy;
      const isAlone = holder.purpose === 'database';
      if (isAlone && !force) await refuseUnderApps(config, pid);
      stop(pid);
      if (terminal.isInteractive) terminal.err(`process ${pid} finishes what it has in hand`);
      const end = performance.now() + (drainSeconds + CLOSE_SECONDS) * 1000;
      while (isStill(dataDir, pid)) {
        if (performance.now() > end) {
          throw new CommandFailure(
            EXIT.difference,
            `process ${pid} still runs after ${drainSeconds + CLOSE_SECONDS} s: its log says why; kill -9 ${pid} loses no accepted mail`,
          );
        }
        await sleep(LOOK_MS);
      }
      return report(
        pid,
        isAlone
          ? `stopped process ${pid}, which ran the database alone; apps that still run answer 451 until it is back`
          : `stopped process ${pid}`,
      );
    });
}

/** Their clients would get nothing but temporary failures: whoever wants that says so. */
async function refuseUnderApps(config: Config, pid: number): Promise<void> {
  const apps = await appsBeside(config);
  if (apps.length === 0) return;
  throw new CommandFailure(
    EXIT.conflict,
    `process ${pid} runs the database alone, and ${apps.join(', ')} use it: stop them first (SIGTERM to each), or give --force`,
  );
}

function stop(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return;
    throw new CommandFailure(
      EXIT.unreachable,
      `cannot stop process ${pid} (${errorCode(error) ?? 'unknown'}): run the command as the user who runs the house`,
      { cause: error },
    );
  }
}

function isStill(dataDir: string, pid: number): boolean {
  const holder = houseHolder(dataDir);
  return holder !== undefined && holder.purpose !== 'command' && holder.heldBy === pid;
}
