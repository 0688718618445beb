/**
 * How long senders wait for a house that was killed: `kill -9`, start, first `220`.
 * `npm run build && node bench/restart.ts [runs=9] [data=FOLDER] [backlog=100000] [database=kept|killed]`; a folder of its own without
 * `data`; `backlog` is how many local messages are due before each kill; `killed`: the database server is killed with the house.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LOCAL_LANE } from '#domain';
import pg from 'pg';
import { DirectoryFixture } from '../libs/testing/src/directory-fixture.ts';
import { addBacklog } from './backlog.ts';

const given = new Map(process.argv.slice(2).map((argument) => argument.split('=', 2) as [string, string]));
const RUNS = Number(given.get('runs') ?? 9);
const BACKLOG = Number(given.get('backlog') ?? 0);
const KILLS_DATABASE = given.get('database') === 'killed';
const MAILBOXES = 100;
const own = given.get('data') === undefined ? mkdtempSync(join(tmpdir(), 'posthouse-restart-')) : undefined;
const dataDir = given.get('data') ?? own ?? '';
const PORT = 22_525;
/** Milliseconds: of a house that serves, until everything behind the first greeting is done. */
const SETTLED = 3_000;
const LOOK = 5;
const TICK_MS = 10; // USER_HZ of Linux is 100

const script = fileURLToPath(new URL('../bin/posthouse.js', import.meta.url));
const env = {
  ...process.env,
  POSTHOUSE_DATA_DIR: dataDir,
  POSTHOUSE_SMTP_PORT: String(PORT),
  POSTHOUSE_POP3_PORT: '0',
  POSTHOUSE_IMAP_PORT: '0',
  POSTHOUSE_HTTP_PORT: '0',
  POSTHOUSE_LOG_LEVEL: 'error',
};

const greets = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(PORT, '127.0.0.1');
    socket.once('data', (line) => (socket.destroy(), resolve(line.toString().startsWith('220'))));
    socket.once('error', () => resolve(false));
  });

/** Milliseconds of user and system time of one process. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

interface Record {
  readonly databaseUrl: string;
  readonly postgres: { readonly cluster: string };
}
const record = (): Record => JSON.parse(readFileSync(join(dataDir, 'house.json'), 'utf8')) as Record;

async function onDatabase(work: (owner: pg.Pool) => Promise<void>): Promise<void> {
  const owner = new pg.Pool({ connectionString: record().databaseUrl, max: 1 });
  try {
    await work(owner);
  } finally {
    await owner.end();
  }
}

const makeMailboxes = (): Promise<void> =>
  onDatabase(async (owner) => {
    const directory = new DirectoryFixture(owner);
    await directory.domain('backlog.example');
    for (let at = 0; at < MAILBOXES; at++) await directory.mailbox(`box${at}@backlog.example`);
  });

const fillUp = (): Promise<void> =>
  onDatabase(async (owner) => {
    const { rows } = await owner.query<{ due: number }>(
      `select count(*)::int as due from delivery where state = 'queued'`,
    );
    await addBacklog(owner, BACKLOG - (rows[0]?.due ?? 0), LOCAL_LANE);
  });

/** Starts the house, and kills it after it has settled and `prepare` has done its part: milliseconds to the first greeting, and CPU until then. */
async function once220(prepare = fillUp): Promise<{ greeting: number; cpu: number }> {
  const begun = performance.now();
  const child = spawn(process.execPath, [script, 'up'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  while (!(await greets())) {
    if (child.exitCode !== null) throw new Error(`the house ended with ${child.exitCode}`);
    await sleep(LOOK);
  }
  const outcome = { greeting: performance.now() - begun, cpu: cpuOf(child.pid ?? 0) };
  await sleep(SETTLED);
  if (BACKLOG > 0) await prepare();
  child.kill('SIGKILL');
  if (KILLS_DATABASE) {
    const [master] = readFileSync(join(record().postgres.cluster, 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(master), 'SIGKILL');
  }
  await ended;
  return outcome;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

try {
  await once220(() => makeMailboxes().then(fillUp)); // makes the database
  const runs: { greeting: number; cpu: number }[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await once220());
  const times = runs.map(({ greeting }) => Math.round(greeting));
  console.log(
    `kill -9 to first 220: median ${median([...times])} ms, ${Math.min(...times)} to ${Math.max(...times)}; ` +
      `CPU of the process ${Math.round(median(runs.map(({ cpu }) => cpu)))} ms; ${RUNS} runs, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`,
  );
} finally {
  // The server that the last kill left behind ends with a command that starts its own and stops it.
  spawn(process.execPath, [script, 'ledger'], { env, stdio: 'ignore' }).once('exit', () => {
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  });
}
