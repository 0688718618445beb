/** Whether the doorbells' Redis answers: asked by the operator, not by what rings. */
import { reasonOf } from '#runtime';
import { RING_TIMEOUT } from './ring-timeout.ts';

/** Why the doorbells' Redis does not answer; undefined where it does. */
export async function redisFault(url: string): Promise<string | undefined> {
  // Loaded when a Redis is configured: a command that asks none does not wait for it.
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: RING_TIMEOUT,
    commandTimeout: RING_TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: string | undefined;
  // Said here, since what connect() rejects with is only that the connection is closed.
  redis.on('error', (error) => {
    reason ??= reasonOf(error);
  });
  try {
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch (error) {
    return reason ?? reasonOf(error);
  } finally {
    redis.disconnect();
  }
}
