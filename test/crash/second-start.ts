/** A second house on the data folder of one that runs: it must go, and the first must not notice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CrashServer } from './crash-house.ts';

const POSTHOUSE = fileURLToPath(new URL('../../bin/posthouse.js', import.meta.url));
/** Milliseconds that a start which cannot go on may take to say so, on a machine that is busy. */
const PATIENCE = 60_000;

/** Throws when the second start did anything but end with its reason. */
export async function startSecond({ folder }: CrashServer): Promise<void> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [POSTHOUSE, 'up'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, POSTHOUSE_DATA_DIR: folder },
    timeout: PATIENCE,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === null || code === 0 || !said.includes('already'))
    throw new Error(`a second house on ${folder} was not refused (${code ?? signal}): ${said.slice(-500)}`);
}
