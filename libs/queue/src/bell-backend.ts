/** Where BullMQ keeps its doorbells: Redis when it is configured, else the house's own Postgres. */
import { House, roleUrl, type AppRole } from '#runtime';
import { createPostgresBackend, Queue, Worker, type JobsOptions, type PostgresConnectionOptions, type Processor, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';

/** BullMQ's queue of doorbells; a job is a lane to look at, never a message. */
export const LANES_QUEUE = 'lanes';
/** BullMQ's schema in Postgres; made by `migrateBells` as the owner. */
export const BELL_SCHEMA = 'bullmq';
/** Milliseconds until a ring on an unreachable Redis is given up; the sweeper takes over. */
const RING_TIMEOUT = 2_000;

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

/** The ringing end. */
export function openBellQueue(house: House, role: AppRole): BellQueue {
  const onError = (error: Error): void => house.log.debug({ reason: error.message }, 'doorbell connection');
  if (house.config.redisUrl !== undefined) {
    const connection = new Redis(house.config.redisUrl, {
      enableOfflineQueue: false, // a ring that cannot go out now is worth nothing later
      maxRetriesPerRequest: 1,
      commandTimeout: RING_TIMEOUT,
    });
    connection.on('error', onError);
    const queue = new Queue<RingData>(LANES_QUEUE, { connection, skipVersionCheck: true });
    queue.on('error', onError);
    return {
      ring: async (id, data) => void (await queue.add('drain', data, jobOptions(id))),
      close: () => closeAll(queue, () => Promise.resolve(connection.disconnect())),
    };
  }
  const pool = bellPool(house, role, onError);
  const queue = new Queue(LANES_QUEUE, { connection: pool as unknown as PostgresConnectionOptions }, createPostgresBackend);
  queue.on('error', onError);
  return {
    ring: async (id, data) => void (await queue.add('drain', data, jobOptions(id))),
    close: () => closeAll(queue, () => pool.end()),
  };
}

/** The hearing end: calls `answer` for each ring. */
export function openBellWorker(house: House, role: AppRole, answer: Answer, concurrency: number): BellWorker {
  const onError = (error: Error): void => house.log.debug({ reason: error.message }, 'doorbell connection');
  const options: Omit<WorkerOptions, 'connection'> = { concurrency, lockDuration: 60_000, drainDelay: 5 };
  if (house.config.redisUrl !== undefined) {
    const connection = new Redis(house.config.redisUrl, { maxRetriesPerRequest: null });
    connection.on('error', onError);
    const worker = new Worker<RingData, number>(LANES_QUEUE, answer, { ...options, connection });
    worker.on('error', onError);
    return { close: () => closeAll(worker, () => Promise.resolve(connection.disconnect())) };
  }
  const pool = bellPool(house, role, onError);
  const worker = new Worker(LANES_QUEUE, answer, { ...options, connection: pool as unknown as PostgresConnectionOptions }, createPostgresBackend);
  worker.on('error', onError);
  return { close: () => closeAll(worker, () => pool.end()) };
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
    max: 4,
    connectionTimeoutMillis: 5_000,
  });
  pool.on('error', onError);
  return pool;
}

async function closeAll(ends: { close(): Promise<void> }, connection: () => Promise<void>): Promise<void> {
  await ends.close().catch(() => undefined);
  await connection().catch(() => undefined);
}
