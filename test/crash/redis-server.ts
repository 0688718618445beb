/** A private Redis for runs over it; where redis-server is not installed, `findRedis` says so. */
import { PrivateRedis, redisServer } from '#testing';
import { Redis } from 'ioredis';

/** Milliseconds without a single key under load after which the doorbell counts as broken. */
const PATIENCE = 30_000;

/** Makes servers that run. Undefined, with a printed line, where redis-server is not installed. */
export function findRedis(): (() => Promise<PrivateRedis>) | undefined {
  const program = redisServer();
  if (program !== undefined) return () => PrivateRedis.start(program);
  process.stdout.write('redis-server is not installed: runs over Redis are skipped\n');
  return undefined;
}

/** Waits until it knows something, and then that is gone. Rejects when it is told nothing. */
export async function flushAll({ url }: PrivateRedis): Promise<void> {
  const client = new Redis(url);
  client.on('error', () => undefined); // it connects again by itself
  try {
    for (const deadline = Date.now() + PATIENCE; (await client.dbsize()) === 0;) {
      if (Date.now() > deadline) throw new Error('nothing was written to Redis under load');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await client.flushall();
  } finally {
    client.disconnect();
  }
}
