import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { bringUpToDate } from '../house-database.ts';
import { openDatabase } from '../open-house.ts';

export function registerMigrate(program: Command, context: Context): void {
  program
    .command('migrate')
    .description('bring the schema and the roles of the database up to date; a second run does nothing')
    .action(async () => {
      const { url, stop } = await openDatabase(context.config(), context.terminal, { makesHouse: true });
      try {
        const names = await bringUpToDate(url);
        context.terminal.out(
          names.length === 0 ? 'nothing to do: the database is up to date' : `done: ${names.join(', ')}`,
        );
      } finally {
        await stop();
      }
    });
}
