import type { Command } from 'commander';
import { commonOptions, type Context } from '../context.ts';
import { bringUpToDate } from '../house-database.ts';
import { printJson } from '../listing.ts';
import { openDatabase } from '../open-house.ts';

export function registerMigrate(program: Command, context: Context): void {
  program
    .command('migrate')
    .description(
      'bring the schema and the roles of the database up to date; a second run changes nothing of the schema',
    )
    .action(async (_, command: Command) => {
      const { terminal } = context;
      const { url, ran, stop } = await openDatabase(context.config(), terminal, { makesHouse: true });
      try {
        const names = [...ran, ...(await bringUpToDate(url, { anew: true }))];
        if (commonOptions(command).json) printJson(terminal, { ran: names });
        else
          terminal.out(
            `${names.length === 0 ? 'the schema was up to date' : `migrated: ${names.join(', ')}`}; the roles of the apps have the passwords of this owner's URL`,
          );
      } finally {
        await stop();
      }
    });
}
