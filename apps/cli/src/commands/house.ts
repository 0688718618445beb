/** `up` and `database`. Loaded when they are wanted: no other command should wait for five apps to be read. */
import process from 'node:process';
import type { Command } from 'commander';
import { commonOptions, type Context } from '../context.ts';
import { databaseSteps, firstSteps } from '../first-steps.ts';
import { printJson } from '../listing.ts';
import { linesOf } from '../terminal.ts';

export function registerHouse(program: Command, context: Context): void {
  const { terminal } = context;
  const print = (command: Command, facts: object, text: string): void => {
    if (commonOptions(command).json) printJson(terminal, { pid: process.pid, ...facts });
    else for (const line of linesOf(text)) terminal.out(line);
  };
  const onWait = (words: string): void => terminal.err(`posthouse: ${words}`);
  program
    .command('up')
    .description('run the whole platform in this process, until a signal ends it')
    .action(async (_, command: Command) => {
      const { up } = await import('./up.ts');
      const config = context.config();
      await up(
        config,
        ({ listeners, place }) => print(command, { place, listeners }, firstSteps({ config, listeners, place })),
        onWait,
      );
    });
  program
    .command('database')
    .description('run the embedded database alone, for apps that run as processes of their own')
    .action(async (_, command: Command) => {
      const { database } = await import('./database.ts');
      await database(context.config(), ({ place }) => print(command, { place }, databaseSteps(place)), onWait);
    });
}
