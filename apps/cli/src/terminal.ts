/** What a command sees of the outside: its output, its input and its environment. Tests give their own. */
import type { Readable } from 'node:stream';
import { visible } from '#domain';
import type { Environment } from '#runtime';
import { asTyped } from './as-typed.ts';

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

/**
 * Nothing that is printed may move the cursor, set a title or turn a line round: much of it was written by strangers, in addresses,
 * HELO names, replies of other hosts. Commands are shown as they can be typed here.
 */
export const guarded = (terminal: Terminal): Terminal => ({
  ...terminal,
  out: (line) => terminal.out(asTyped(visible(line), terminal.env)),
  err: (line) => terminal.err(asTyped(visible(line), terminal.env)),
  progress: (text) => terminal.progress(visible(text)),
});

/** The lines of a text, to be printed one by one; line ends at its end count for nothing. */
export const linesOf = (text: string): string[] => text.trimEnd().split('\n');
