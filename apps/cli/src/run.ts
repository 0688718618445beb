/** From arguments to an exit code: everything but the process itself. */
import { visibleJson } from '#domain';
import { loadConfig, type Config } from '#runtime';
import { CommanderError, type Command } from 'commander';
import { checkArguments } from './arguments.ts';
import type { Context } from './context.ts';
import { EXIT, exitCodeOf, failureText, usage } from './failure.ts';
import { buildProgram } from './program.ts';
import { guarded, linesOf, type Terminal } from './terminal.ts';

/**
 * @param args what follows the program's name
 * @param given stands in for the environment: tests give a house of their own
 * @returns the exit code: 0 done, 1 a difference or failed rows, 2 bad usage or input, 3 not found, 4 conflict, 5 house not reachable
 */
export async function run(args: readonly string[], terminal: Terminal, given: Partial<Context> = {}): Promise<number> {
  let program: Command | undefined;
  const config =
    given.config ??
    ((): Config => loadConfig({ env: terminal.env, file: program?.opts<{ config?: string }>().config }));
  const context: Context = {
    terminal: guarded(terminal),
    config,
    open: given.open ?? (async () => (await import('./open-house.ts')).openHouse(config(), terminal)),
    json: args.includes('--json'),
    exitCode: EXIT.ok,
  };
  try {
    checkArguments(args);
    program = await buildProgram(context, args);
    await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    const failure = isPasswordGiven(error, args) ? usage(NO_PASSWORDS) : error;
    report(failure, context, args.includes('--debug'));
    return exitCodeOf(failure);
  }
}

const NO_PASSWORDS =
  'a password is not taken as an argument, where other users of this machine can read it: leave it away to be asked, or give it with --password-stdin; --generate-password makes one';

/** `--password hunter2` and `--password=hunter2`; the parser would suggest `--no-password`. */
const isPasswordGiven = (error: unknown, args: readonly string[]): boolean =>
  error instanceof CommanderError &&
  ['commander.unknownOption', 'commander.excessArguments'].includes(error.code) &&
  args.some((argument) => /^--(?:password|pass|pw)(?:=|$)/.test(argument));

/** One object with --json, else one line; where the failure came from follows with --debug. */
function report(error: unknown, { terminal, json }: Context, debug: boolean): void {
  const code = exitCodeOf(error);
  if (code === EXIT.ok) return;
  const stack = debug && error instanceof Error ? error.stack : undefined;
  const text = failureText(error);
  if (json) return terminal.err(visibleJson({ error: text, code, stack }));
  for (const line of linesOf(`posthouse: ${text}`)) terminal.err(line);
  if (stack !== undefined) for (const line of linesOf(stack)) terminal.err(line);
}
