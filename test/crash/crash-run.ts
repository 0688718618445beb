/** One run: 2,000 messages, and things that die at random moments while they flow. The seed decides what dies, and when. */
import type { PrivateRedis } from '#testing';
import type { AppProcess } from './app-process.ts';
import { CrashHouse, type CrashServer } from './crash-house.ts';
import { sendLoad } from './load.ts';
import { between, pick, randomFrom, type Random } from './random.ts';
import { flushAll } from './redis-server.ts';
import { drained, judge, type Verdict } from './verdict.ts';

export const MESSAGES = 2_000;
const CONNECTIONS = 20;
/** Crashes of one run. */
const CRASHES = 6;

export interface CrashReport extends Verdict {
  readonly seed: number;
  readonly backend: 'postgres' | 'redis';
  readonly crashes: readonly string[];
}

type Crash = readonly [name: string, strike: () => Promise<void>];

/** @param redis used as the doorbell's backend where given: then it dies and forgets as well */
export async function crashRun(server: CrashServer, seed: number, redis?: PrivateRedis): Promise<CrashReport> {
  const random = randomFrom(seed);
  await redis?.up();
  const house = await CrashHouse.start(server, `crash_${seed}`, redis?.url);
  const crashes: string[] = [];
  const stop = new AbortController();
  try {
    const load = sendLoad({
      port: house.port,
      messages: MESSAGES,
      connections: CONNECTIONS,
      recipients: house.addresses,
      signal: stop.signal,
    });
    const done = load.then(() => true);
    for (let count = 0; count < CRASHES; count++) {
      const [name, strike] = pick(random, crashesOf(house, server, random, redis));
      if (await Promise.race([done, moment(between(random, 50, 700)).then(() => false)])) break;
      crashes.push(name);
      await strike();
    }
    const result = await load;
    await redis?.up();
    await drained(house);
    return { seed, backend: redis ? 'redis' : 'postgres', crashes, ...(await judge(house, result)) };
  } finally {
    stop.abort();
    await house.stop();
    await redis?.down();
  }
}

/** What can die, weighted by repetition. Whatever dies is started again, as an operator's supervisor would. */
function crashesOf(
  house: CrashHouse,
  server: CrashServer,
  random: Random,
  redis: PrivateRedis | undefined,
): readonly [Crash, ...Crash[]] {
  const again = (app: AppProcess): Crash => [
    `kill -9 ${app.name}`,
    async () => {
      await app.kill();
      await app.start();
    },
  ];
  const worker = house.workers[between(random, 0, house.workers.length)] ?? house.imap;
  const ours: [Crash, ...Crash[]] = [
    again(house.smtp),
    again(worker),
    again(house.smtp),
    again(worker),
    again(house.imap),
    ['kill -9 postgres', () => killServer(server)],
    ['kill -9 postgres', () => killServer(server)],
  ];
  if (!redis) return ours;
  return [
    ...ours,
    ['FLUSHALL', () => flushAll(redis)],
    ['stop redis', () => redis.down()],
    ['start redis', () => redis.up()],
  ];
}

/** The launcher starts it again by itself. */
function killServer(server: CrashServer): Promise<void> {
  const pid = server.database.pid();
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It is dead already, and on its way back.
  }
  return Promise.resolve();
}

/** When to strike: part of the scenario, not a wait for something to happen. */
const moment = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** One line for people. */
export const summary = ({
  seed,
  backend,
  accepted,
  refused,
  unknown,
  delivered,
  lost,
  doubled,
  faults,
  crashes,
}: CrashReport): string =>
  `seed ${seed} (${backend}): ${accepted} accepted, ${refused} refused, ${unknown} unknown, ${delivered} delivered, ` +
  `${lost.length} lost, ${doubled.length} doubled, ${faults.length} faults; ${crashes.join(', ')}`;

export const isGood = ({ lost, doubled, misplaced, faults }: Verdict): boolean =>
  lost.length + doubled.length + misplaced.length + faults.length === 0;
