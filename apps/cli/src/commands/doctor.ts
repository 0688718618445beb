import type { Command } from 'commander';
import { commonOptions, type Context } from '../context.ts';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { EXIT, oneLine } from '../failure.ts';
import { printJson } from '../listing.ts';

export function registerDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('examine the house: ports, database, roles, clock, disk, and a real mail through all of it')
    .action(async (_, command: Command) => {
      const { json } = commonOptions(command);
      for await (const finding of examine(context)) {
        if (finding.verdict === 'fail') context.exitCode = EXIT.difference;
        if (json) printJson(context.terminal, finding);
        else context.terminal.out(toLine(finding));
      }
    });
}

const toLine = ({ verdict, what, remedy }: Finding): string =>
  oneLine(`${verdict.padEnd(4)}  ${what}${remedy === undefined ? '' : `  — ${remedy}`}`);
