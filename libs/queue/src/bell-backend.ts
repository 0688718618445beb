/** Where BullMQ keeps its doorbells: Redis when it is configured, else the house's own Postgres. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LANE_KINDS, laneKind, type LaneKind } from '#domain';
import { guardPool, House, roleUrl, type AppRole } from '#runtime';
import {
  createPostgresBackend,
  Queue,
  Worker,
  type JobsOptions,
  type PostgresConnectionOptions,
  type Processor,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { BELL_SCHEMA, bellQueueOf } from './bell-names.ts';
import { redisPrefix } from './redis-prefix.ts';
import { openRinger } from './redis-ringer.ts';
import { RING_TIMEOUT } from './ring-timeout.ts';

/** Milliseconds before a worker whose database was away is made anew. */
const REOPEN_AFTER = 500;
/** Milliseconds that a backend has for its good-byes, once no drain is in hand. */
const CLOSE_TIMEOUT = 2_000;

export interface RingData {
  readonly lane: string;
  readonly slot: number;
}

export interface BellQueue {
  /** Adds a job unless one with this id waits; while one is active, exactly one more follows it. */
  ring(id: string, data: RingData): Promise<void>;
  close(): Promise<void>;
}

export interface BellWorker {
  /** Waits for the rings in hand, then lets go of the connection. */
  close(): Promise<void>;
}

type Answer = Processor<RingData, number>;

/** The ringing end. With Redis it asks the database which house this is, and rejects when there is no answer. */
export async function openBellQueue(house: House, role: AppRole): Promise<BellQueue> {
  const onError = (error: Error): void => house.log.debug({ reason: error.message }, 'doorbell connection');
  if (house.config.redisUrl !== undefined) {
    const prefix = await redisPrefix(house.databaseUrl, role);
    const ringer = openRinger(house.config.redisUrl, house.bells);
    const connection = ringer.redis;
    const queues = new Queues((name) => {
      const queue = new Queue<RingData>(name, { connection, prefix, skipVersionCheck: true });
      queue.on('error', onError);
      return queue;
    });
    return {
      async ring(id, data) {
        // BullMQ would wait for a Redis that never came up, and the sweeper with it.
        if (connection.status !== 'ready') throw new Error('Redis is away');
        await within(RING_TIMEOUT, queues.of(data).add('drain', data, jobOptions(id)));
      },
      close: () =>
        closeAll({ close: () => within(CLOSE_TIMEOUT, queues.close()) }, () => Promise.resolve(ringer.close())),
    };
  }
  const pool = bellPool(house, role, onError);
  const connection = pool as unknown as PostgresConnectionOptions;
  const queues = new Queues(
    (name) =>
      new WhenReady(() => {
        const queue = new Queue(name, { connection }, createPostgresBackend);
        queue.on('error', onError);
        return queue;
      }),
  );
  const add = async (id: string, data: RingData) => (await queues.of(data).get()).add('drain', data, jobOptions(id));
  return {
    ring: async (id, data) => void (await within(RING_TIMEOUT, add(id, data))),
    close: () => closeAll({ close: () => within(CLOSE_TIMEOUT, queues.close()) }, () => pool.end()),
  };
}

/** The answering end: calls `answer` for each ring, for so many of a kind of lane at once. With Redis it rejects as the ringing end does. */
export async function openBellWorker(
  house: House,
  role: AppRole,
  answer: Answer,
  concurrency: Readonly<Record<LaneKind, number>>,
): Promise<BellWorker> {
  const onError = (error: Error): void => house.log.debug({ reason: error.message }, 'doorbell connection');
  const inHand = new Set<Promise<number>>();
  const tracked: Answer = (job) => {
    const answering = answer(job).finally(() => inHand.delete(answering));
    inHand.add(answering);
    return answering;
  };
  const options = (kind: LaneKind): Omit<WorkerOptions, 'connection'> => ({
    concurrency: concurrency[kind],
    lockDuration: 60_000,
    drainDelay: 5,
  });
  if (house.config.redisUrl !== undefined) {
    const prefix = await redisPrefix(house.databaseUrl, role);
    const connection = new Redis(house.config.redisUrl, { maxRetriesPerRequest: null });
    connection.on('error', onError);
    const workers = LANE_KINDS.map((kind) => {
      const worker = new Worker<RingData, number>(bellQueueOf(kind), tracked, { ...options(kind), connection, prefix });
      worker.on('error', onError);
      return worker;
    });
    const end = { close: () => closeWorkers(workers, inHand, connection.status === 'ready') };
    return { close: () => closeAll(end, () => Promise.resolve(connection.disconnect())) };
  }
  const pool = bellPool(house, role, onError);
  const connection = pool as unknown as PostgresConnectionOptions;
  const stop = new AbortController();
  const running = LANE_KINDS.map((kind) => {
    const opened = new WhenReady(() => {
      const own = { ...options(kind), connection, autorun: false };
      const worker = new Worker(bellQueueOf(kind), tracked, own, createPostgresBackend);
      worker.on('error', onError);
      return worker;
    });
    return runWhenReady(opened, stop.signal, onError);
  });
  const close = async (): Promise<void> => {
    stop.abort();
    const workers = await Promise.all(running);
    const ready = workers.filter((worker) => worker !== undefined);
    await closeWorkers(ready, inHand, true);
  };
  return { close: () => closeAll({ close }, () => pool.end()) };
}

/** One for each kind of lane, made at its first ring. */
class Queues<Q extends { close(): Promise<void> }> {
  readonly #make: (name: string) => Q;
  readonly #queues = new Map<LaneKind, Q>();

  constructor(make: (name: string) => Q) {
    this.#make = make;
  }

  of({ lane }: RingData): Q {
    const kind = laneKind(lane);
    const queue = this.#queues.get(kind) ?? this.#make(bellQueueOf(kind));
    this.#queues.set(kind, queue);
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }
}

/** Tries until the database is there; until then the sweeper does the work. */
async function runWhenReady<W extends Openable & { run(): Promise<void> }>(
  opened: WhenReady<W>,
  signal: AbortSignal,
  onError: (error: Error) => void,
): Promise<W | undefined> {
  while (!signal.aborted) {
    try {
      const worker = await opened.get();
      worker.run().catch(onError);
      return worker;
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
      await sleep(REOPEN_AFTER, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

interface Openable {
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
}

/**
 * BullMQ's Postgres backend remembers a failed first look at the database for ever: a queue would never ring again, and a worker would
 * ask again and again without ever letting go of the event loop. So one that does not become ready is thrown away and made anew.
 */
class WhenReady<T extends Openable> {
  readonly #make: () => T;
  #opened: Promise<T> | undefined;

  constructor(make: () => T) {
    this.#make = make;
  }

  get(): Promise<T> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async close(): Promise<void> {
    await (await this.#opened?.catch(() => undefined))?.close();
  }

  async #open(): Promise<T> {
    const made = this.#make();
    try {
      await made.waitUntilReady();
      return made;
    } catch (error) {
      this.#opened = undefined;
      await made.close(true).catch(() => undefined);
      throw error;
    }
  }
}

const jobOptions = (id: string): JobsOptions => ({
  deduplication: { id, keepLastIfActive: true }, // a ring while the drain runs must not be dropped
  removeOnComplete: true,
  removeOnFail: true,
});

function bellPool(house: House, role: AppRole, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    connectionString: roleUrl(house.databaseUrl, role),
    application_name: `${role} doorbell`,
    options: `-c search_path=${BELL_SCHEMA}`,
    keepAlive: true,
    max: 6,
    connectionTimeoutMillis: 5_000,
  });
  // Every queue and worker of BullMQ listens to it, several times.
  pool.setMaxListeners(64);
  guardPool(pool, onError);
  return pool;
}

/** Every answer in hand is waited for; a backend that is away is not. */
async function closeWorkers(
  workers: readonly { close(force?: boolean): Promise<void> }[],
  inHand: ReadonlySet<Promise<number>>,
  there: boolean,
): Promise<void> {
  const closing = Promise.all(workers.map((worker) => worker.close(!there)));
  await Promise.allSettled(inHand);
  await within(CLOSE_TIMEOUT, closing);
}

/** Rejects when it takes longer than so many milliseconds. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no answer from the doorbells' backend within ${milliseconds} ms`)),
    milliseconds,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function closeAll(ends: { close(): Promise<void> }, connection: () => Promise<void>): Promise<void> {
  await ends.close().catch(() => undefined);
  await connection().catch(() => undefined);
}
