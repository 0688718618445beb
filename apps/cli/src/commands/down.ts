import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, houseHolder } from '#runtime';
import type { Command } from 'commander';
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
    .action(async (_, command: Command) => {
      const { terminal } = context;
      const config = context.config();
      const { dataDir, drainSeconds } = config;
      needHouse(config);
      const holder = houseHolder(dataDir);
      const report = (stopped: number | null, words: string): void =>
        commonOptions(command).json ? printJson(terminal, { stopped }) : terminal.out(words);
      if (holder?.purpose !== 'house') return report(null, `no house is running in ${dataDir}`);
      const pid = holder.heldBy;
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
      return report(pid, `stopped process ${pid}`);
    });
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
  return holder?.purpose === 'house' && holder.heldBy === pid;
}
