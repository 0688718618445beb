/** What a command sees of the outside: its output, its input and its environment. Tests give their own. */
import type { Readable } from 'node:stream';
import type { Environment } from '#runtime';

/** Standard input; on a terminal it can be asked not to echo. */
export interface Input extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

export interface Terminal {
  /** One line on standard output. */
  out(line: string): void;
  /** One line on standard error. */
  err(line: string): void;
  /** Replaces the last unfinished line of standard error; only where `isInteractive`. */
  progress(text: string): void;
  readonly input: Input;
  /** Standard error is a terminal: progress may be shown. */
  readonly isInteractive: boolean;
  readonly env: Environment;
}
