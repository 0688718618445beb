import { Readable } from 'node:stream';
import type { Terminal } from './terminal.ts';

export interface FakeTerminal extends Terminal {
  readonly printed: string[];
  readonly complained: string[];
}

/** Records what is printed; `input` is what standard input holds. */
export function fakeTerminal(input = '', env: Record<string, string> = {}): FakeTerminal {
  const printed: string[] = [];
  const complained: string[] = [];
  return {
    printed,
    complained,
    out: (line) => void printed.push(...line.split('\n')),
    err: (line) => void complained.push(line),
    progress: () => undefined,
    input: Readable.from([Buffer.from(input, 'utf8')]),
    isInteractive: false,
    env,
  };
}
