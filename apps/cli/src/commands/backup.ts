/** `posthouse backup` and `posthouse restore`: the embedded database, copied while it works, and put back. */
import { resolve } from 'node:path';
import { backUp, findCluster, HouseError, HouseLock, restoreBackup, takeHouse, type Config } from '#runtime';
import type { Command } from 'commander';
import { commonOptions, type Context } from '../context.ts';
import { copyProgress, inMib } from '../copy-progress.ts';
import { usage } from '../failure.ts';
import { holderName } from '../house-database.ts';
import { printJson } from '../listing.ts';
import { openDatabase } from '../open-house.ts';

export function registerBackup(program: Command, context: Context): void {
  program
    .command('backup')
    .argument('<folder>', 'a new or an empty folder, best on another disk')
    .description('copy the embedded database into a folder, while mail flows or while the house is stopped')
    .action((folder: string, _, command: Command) => backup(context, command, folder));
  program
    .command('restore')
    .argument('<folder>', 'what posthouse backup has written')
    .description('put a backup in the place of the database folder, which was moved away; the house is stopped')
    .action((folder: string, _, command: Command) => restore(context, command, folder));
}

async function backup(context: Context, command: Command, folder: string): Promise<void> {
  const { terminal } = context;
  const config = context.config();
  refuseForeign(config, 'back it up');
  const { url, stop } = await openDatabase(config, terminal);
  try {
    const cluster = findCluster(config.dataDir);
    if (cluster === undefined) throw foreign('back it up');
    const { dataDir } = config;
    const onProgress = copyProgress(terminal);
    const { octets, takenAt } = await backUp({ ownerUrl: url, dataDir, cluster, target: folder, onProgress });
    if (commonOptions(command).json) printJson(terminal, { folder: resolve(folder), octets, takenAt });
    else
      terminal.out(`done: ${inMib(octets)} MiB in ${resolve(folder)}. It holds all mail and the database's password`);
  } finally {
    await stop();
  }
}

async function restore(context: Context, command: Command, folder: string): Promise<void> {
  const { terminal } = context;
  const config = context.config();
  refuseForeign(config, 'restore it');
  const lock = await takeHouse(config.dataDir, 'command', { onWait: (words) => terminal.err(`posthouse: ${words}`) });
  if (!(lock instanceof HouseLock))
    throw new HouseError(`the house of ${config.dataDir} is in use by ${holderName(lock)}: stop it first`);
  try {
    const { octets, takenAt, cluster } = await restoreBackup(lock, resolve(folder), {
      onProgress: copyProgress(terminal),
    });
    if (commonOptions(command).json) printJson(terminal, { folder: cluster, octets, takenAt });
    else
      terminal.out(
        `done: the mail of ${takenAt} is in ${cluster}. Start the house: it gives every folder a new UIDVALIDITY first, so that IMAP clients read anew`,
      );
  } finally {
    lock.release();
  }
}

/** Only files of our own can be copied. */
function refuseForeign({ database }: Config, what: string): void {
  if (database.url !== undefined) throw foreign(what);
}

const foreign = (what: string): Error =>
  usage(
    `the database is not the embedded one: ${what} with the tools of its server (pg_basebackup, or pg_dump and psql of its version or later)`,
  );
