import { migrateBells } from '#queue';
import { migrate } from '#store';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { openDatabase } from '../open-house.ts';

export function registerMigrate(program: Command, context: Context): void {
  program
    .command('migrate')
    .description('bring the schema and the roles of the database up to date; a second run does nothing')
    .action(async () => {
      const { url, stop } = await openDatabase(context.config(), context.terminal);
      try {
        const names = await migrate(url, migrateBells);
        context.terminal.out(
          names.length === 0 ? 'nothing to do: the database is up to date' : `done: ${names.join(', ')}`,
        );
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
        throw new CommandFailure(
          EXIT.unreachable,
          `the database cannot be migrated: ${reason}${cause}; check POSTHOUSE_DATABASE_URL and that its user may create roles`,
          { cause: error },
        );
      } finally {
        await stop();
      }
    });
}
