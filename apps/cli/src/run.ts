/** From arguments to an exit code: everything but the process itself. */
import { Config } from '#runtime';
import { checkArguments } from './arguments.ts';
import type { Context } from './context.ts';
import { EXIT, exitCodeOf, failureText } from './failure.ts';
import { openHouse } from './open-house.ts';
import { buildProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/**
 * @param args what follows the program's name
 * @param given stands in for the environment: tests give a house of their own
 * @returns the exit code: 0 done, 1 a difference or failed rows, 2 bad usage or input, 3 not found, 4 conflict, 5 house not reachable
 */
export async function run(args: readonly string[], terminal: Terminal, given: Partial<Context> = {}): Promise<number> {
  const config = given.config ?? ((): Config => Config.fromEnv(terminal.env));
  const context: Context = {
    terminal,
    config,
    open: given.open ?? (() => openHouse(config(), terminal)),
    exitCode: EXIT.ok,
  };
  try {
    checkArguments(args);
    const program = buildProgram(context);
    await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    const text = failureText(error);
    if (text !== '') terminal.err(`posthouse: ${text}`);
    if (args.includes('--debug') && error instanceof Error) terminal.err(error.stack ?? error.message);
    return exitCodeOf(error);
  }
}
