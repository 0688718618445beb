/** A second house on the data folder of one that runs: it must go, and the first must not notice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NAMESPACES, whyNotIn } from '../../libs/runtime/src/house-lock.spec-helper.ts';
import type { CrashHouse, CrashServer } from './crash-house.ts';

const POSTHOUSE = fileURLToPath(new URL('../../bin/posthouse.js', import.meta.url));
/** Milliseconds that a start which cannot go on may take to say so, on a machine that is busy. */
const PATIENCE = 60_000;

const WHY_NOT = whyNotIn('pid');
if (WHY_NOT !== undefined) process.stdout.write(`second starts are from this PID namespace only: ${WHY_NOT}\n`);

/**
 * Throws when the second start did anything but end with its reason, or the database server of the first one is another one afterwards.
 * @param apart from a PID and IPC namespace of its own, where the machine makes one
 */
export async function startSecond({ folder }: CrashServer, house: CrashHouse, apart: boolean): Promise<void> {
  const begun = await serverStart(house);
  await refused(folder, apart && WHY_NOT === undefined ? ['unshare', ...NAMESPACES.pid] : []);
  if ((await serverStart(house)) !== begun) throw new Error('a second start has restarted the database of the first');
}

async function serverStart(house: CrashHouse): Promise<string> {
  const [row] = await house.query<{ begun: string }>('select pg_postmaster_start_time()::text as begun');
  return row?.begun ?? '';
}

async function refused(folder: string, under: readonly string[]): Promise<void> {
  const { PATH = '', HOME = '' } = process.env;
  const [program, ...args] = [...under, process.execPath, POSTHOUSE, 'up'];
  const child = spawn(program, args, {
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
