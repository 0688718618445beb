/** `up` and `database`. Loaded when they are wanted: no other command should wait for five apps to be read. */
import type { Command } from 'commander';
import type { Context } from '../context.ts';

export function registerHouse(program: Command, context: Context): void {
  const print = (text: string): void => context.terminal.out(text.trimEnd());
  program
    .command('up')
    .description('run the whole platform in this process, until a signal ends it')
    .action(async () => {
      const { up } = await import('./up.ts');
      await up(context.config(), print);
    });
  program
    .command('database')
    .description('run the embedded database alone, for apps that run as processes of their own')
    .action(async () => {
      const { database } = await import('./database.ts');
      await database(context.config(), print);
    });
}
