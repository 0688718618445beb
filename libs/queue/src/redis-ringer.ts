/** Redis connections that ring: what cannot go out now is worth nothing later. */
import { reasonOf, type BellWatch } from '#runtime';
import { Redis } from 'ioredis';

/** Milliseconds until a ring on an unreachable backend is given up; the sweeper takes over. */
export const RING_TIMEOUT = 2_000;
/** Milliseconds between two looks at a Redis that is connected: one that hangs closes nothing. */
const HEARTBEAT = 10_000;

export interface Ringer {
  readonly redis: Redis;
  close(): void;
}

export function openRinger(url: string, watch: BellWatch): Ringer {
  const report = watch.follow();
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: RING_TIMEOUT });
  redis.on('error', (error) => report.down(reasonOf(error)));
  redis.on('close', () => report.down('the connection was closed'));
  redis.on('ready', () => report.up());
  const look = (): void => {
    if (redis.status !== 'ready') return;
    redis.ping().then(
      () => report.up(),
      (error: unknown) => report.down(reasonOf(error)),
    );
  };
  const heartbeat = setInterval(look, HEARTBEAT).unref();
  return {
    redis,
    close() {
      clearInterval(heartbeat);
      report.close();
      redis.disconnect();
    },
  };
}

/** Why the doorbells' Redis does not answer; undefined where it does. */
export async function redisFault(url: string): Promise<string | undefined> {
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
