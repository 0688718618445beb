import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, houseHolder, longestStopSeconds, type Config, type HeldByPid } from '#runtime';
import type { Command } from 'commander';
import { appsBeside, NOT_LISTED } from '../apps-beside.ts';
import { commonOptions, type Context } from '../context.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { holderName } from '../house-database.ts';
import { printJson } from '../listing.ts';
import { needHouse } from '../open-house.ts';

/** Seconds for the last words of a process that has given up: on a busy machine they take a while. */
const LAST_WORDS_SECONDS = 5;

/** How long the end of the house is waited for. Longer than the house itself waits: after that there is something wrong. */
export const patienceSeconds = (drainSeconds: number): number => longestStopSeconds(drainSeconds) + LAST_WORDS_SECONDS;
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
      if (holder.elsewhere !== undefined) throw cannotSignal(holder);
      const pid = holder.heldBy;
      const isAlone = holder.purpose === 'database';
      if (isAlone && !force) await refuseUnderApps(config, pid);
      stop(pid);
      if (terminal.isInteractive) terminal.err(`process ${pid} finishes what it has in hand`);
      const patience = patienceSeconds(drainSeconds);
      const end = performance.now() + patience * 1000;
      while (isStill(dataDir, pid)) {
        if (performance.now() > end) {
          throw new CommandFailure(
            EXIT.difference,
            `process ${pid} still runs after ${patience} s: its log says why; kill -9 ${pid} loses no accepted mail`,
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

/** Its number is another process's here. */
const cannotSignal = (holder: HeldByPid): CommandFailure =>
  new CommandFailure(
    EXIT.unreachable,
    `the house runs as ${holderName(holder)}, where it cannot be signalled from here: run the command there`,
  );

/** Their clients would get nothing but temporary failures: whoever wants that says so. */
async function refuseUnderApps(config: Config, pid: number): Promise<void> {
  const apps = (await appsBeside(config)) ?? [];
  if (apps.length === 0) return;
  throw new CommandFailure(
    EXIT.conflict,
    `process ${pid} runs the database alone, and ${apps.map(({ name }) => name).join(', ')} use it: stop them first (SIGTERM to each), or give --force`,
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
