import type { Buffer } from 'node:buffer';
import { MessageScanner, type MessageIndex } from '#message';

/** The index of a whole message, as delivery makes it: also the proof that it fits the input types here. */
export function scan(message: Buffer): MessageIndex {
  const scanner = new MessageScanner();
  scanner.write(message);
  return scanner.end();
}
