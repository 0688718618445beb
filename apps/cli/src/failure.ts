/** Exit codes by class, and how a failure becomes one line. */
import { DirectoryRefusal, type DirectoryRefusalCode } from '#domain';
import { ConfigError, DatabaseUrlError, EmbeddedError, errorCode, HouseError, ListenError } from '#runtime';
import { CommanderError } from 'commander';

export const EXIT = { ok: 0, difference: 1, usage: 2, notFound: 3, conflict: 4, unreachable: 5 } as const;

/** A command that did not do what was asked; the message is thing, reason and remedy in one line. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export const usage = (message: string): CommandFailure => new CommandFailure(EXIT.usage, message);

const REFUSALS: Readonly<Record<DirectoryRefusalCode, number>> = {
  'bad-input': EXIT.usage,
  'not-found': EXIT.notFound,
  conflict: EXIT.conflict,
  unavailable: EXIT.unreachable,
};

const SYSTEM_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EPIPE']);

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode;
  if (error instanceof DirectoryRefusal) return REFUSALS[error.code];
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof ConfigError || error instanceof DatabaseUrlError) return EXIT.usage;
  if (error instanceof HouseError || error instanceof EmbeddedError || error instanceof ListenError)
    return EXIT.unreachable;
  return SYSTEM_ERRORS.has(errorCode(error) ?? '') ? EXIT.unreachable : EXIT.difference;
}

/** With a line end in it a message would look like two. */
export const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');

/** What to say of it. */
export function failureText(error: unknown): string {
  if (error instanceof CommanderError)
    return error.code === 'commander.help'
      ? 'a command is missing: --help lists them'
      : oneLine(error.message.replace(/^error: /, ''));
  if (error instanceof ConfigError) return error.message;
  const reason = oneLine(error instanceof Error ? error.message : String(error));
  const isExpected = error instanceof CommandFailure || exitCodeOf(error) !== EXIT.difference;
  return isExpected ? reason : `a fault of ours: ${reason} (--debug shows where)`;
}
