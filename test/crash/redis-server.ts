/** A private Redis for runs over it; where redis-server is not installed, `findRedis` says so. */
import { PrivateRedis, redisServer } from '#testing';
import { Redis } from 'ioredis';

/** Runs; undefined, with a printed line, where there is none. */
export async function findRedis(): Promise<PrivateRedis | undefined> {
  const program = redisServer();
  if (program !== undefined) return PrivateRedis.start(program);
  process.stdout.write('redis-server is not installed: runs over Redis are skipped\n');
  return undefined;
}

/** Everything it knows is gone; it may be down. */
export async function flushAll({ url }: PrivateRedis): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: 1 });
  client.on('error', () => undefined);
  await client.flushall().catch(() => undefined);
  client.disconnect();
}
