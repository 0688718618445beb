/** Redis connections that ring: what cannot go out now is worth nothing later. */
import { reasonOf, type BellWatch } from '#runtime';
import { Redis } from 'ioredis';
import { RING_TIMEOUT } from './ring-timeout.ts';

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
