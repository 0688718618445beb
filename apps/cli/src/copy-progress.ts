/** How far a copy of files is: on a terminal always, in a log now and then. */
import type { Terminal } from './terminal.ts';

const MIB = 1024 * 1024;
/** Octets between two lines where nobody looks on. */
const LINE_EVERY = 1024 * MIB;
/** Octets between two looks for a person. */
const LOOK_EVERY = 8 * MIB;

export function copyProgress(terminal: Terminal): (done: number, of: number) => void {
  let said = 0;
  return (done, of) => {
    if (done - said < (terminal.isInteractive ? LOOK_EVERY : LINE_EVERY)) return;
    said = done;
    const words = `${inMib(done)} of about ${inMib(of)} MiB`;
    if (terminal.isInteractive) terminal.progress(words);
    else terminal.err(words);
  };
}

export const inMib = (octets: number): number => Math.ceil(octets / MIB);
