/** Run once after the database was restored from a backup, before the apps serve. */
import { HouseError, isRoleUrl } from '#runtime';
import { raiseUidValidities } from '#store';
import type { Command } from 'commander';
import { commonOptions, type Context } from '../context.ts';
import { bringUpToDate } from '../house-database.ts';
import { printJson } from '../listing.ts';
import { openDatabase } from '../open-house.ts';

/** Folders between two words of progress. */
const WORD_EVERY = 50_000;

export function registerRestored(program: Command, context: Context): void {
  program
    .command('restored')
    .description(
      'after a restore from a backup, before the apps serve: gives every folder a new UIDVALIDITY, so that IMAP clients read anew',
    )
    .action(async (_, command: Command) => {
      const { terminal } = context;
      const { url, stop } = await openDatabase(context.config(), terminal);
      try {
        if (isRoleUrl(url))
          throw new HouseError(
            "this needs the owner's database: put its URL into POSTHOUSE_DATABASE_URL for this command",
          );
        await bringUpToDate(url, { anew: true });
        let said = 0;
        const folders = await raiseUidValidities(url, {
          appsAway: true,
          onProgress: (done) => {
            if (done - said < WORD_EVERY) return;
            said = done;
            terminal.err(`${done} folders`);
          },
        });
        if (commonOptions(command).json) printJson(terminal, { folders });
        else
          terminal.out(
            `done: ${folders} folders have a new UIDVALIDITY. Start the apps; IMAP clients read their folders anew`,
          );
      } finally {
        await stop();
      }
    });
}
