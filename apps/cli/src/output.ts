/** Text to a stream whose reader may leave early, as `head` does. */
import type { Writable } from 'node:stream';

/**
 * What is written after the reader has left is dropped, and the command ends in order with the exit code it would have had: it may
 * be in the middle of a change, or have started a database that it has to stop. Any other fault of the stream is thrown.
 */
export function outputTo(stream: Writable): (text: string) => void {
  let isRead = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isRead = false;
  });
  return (text) => {
    if (isRead) stream.write(text);
  };
}
