/** Text to a stream whose reader may leave early, as `head` does, or whose disk may be full. */
import type { Writable } from 'node:stream';

export interface Output {
  readonly write: (text: string) => void;
  /** Resolves when all that was written is out, or lost: with what it was lost by. A reader that left is no fault. */
  readonly ended: () => Promise<Error | undefined>;
}

/**
 * What cannot be written is dropped, and the command ends in order: it may be in the middle of a change, or have started a database that it
 * has to stop. `onLost` is told the text then, to say it elsewhere; not where the reader left, who wanted no more of it.
 */
export function outputTo(stream: Writable, onLost: (text: string) => void = () => undefined): Output {
  let isRead = true;
  let fault: Error | undefined;
  const lose = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && isRead) fault = error;
    isRead = false;
  };
  stream.on('error', lose);
  const write = (text: string): void => {
    if (!isRead) return fault && onLost(text);
    stream.write(text, (error) => {
      if (!error) return;
      lose(error);
      if (fault) onLost(text);
    });
  };
  const ended = async (): Promise<Error | undefined> => {
    if (isRead) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
    return fault;
  };
  return { write, ended };
}
