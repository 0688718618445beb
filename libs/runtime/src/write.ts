import type { Writable } from 'node:stream';

/**
 * Writes with backpressure: returns undefined when the octets fit the buffer, else a promise of its drain. Never rejects: when the
 * stream closes or `signal` aborts it resolves, and the writer sees that by the signal.
 */
export function write(stream: Writable, octets: string | Uint8Array, signal: AbortSignal): Promise<void> | undefined {
  if (signal.aborted || stream.destroyed || !stream.writable) return undefined;
  if (stream.write(octets)) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
