import { freePort, PrivateRedis, redisServer } from '#testing';
import { expect, test } from 'vitest';
import { doorbell } from './doorbell.ts';

const program = redisServer();
if (program === undefined) console.log('SKIPPED: the doctor on a Redis that answers (no redis-server on the PATH)');

test('without a Redis they ring through PostgreSQL', async () => {
  expect(await doorbell({ dataDir: '/nonexistent', redisUrl: undefined })).toMatchObject({
    verdict: 'ok',
    what: 'doorbell: rings through PostgreSQL',
  });
});

test('a Redis that is away is worth a word, and not its password', async () => {
  const port = await freePort();
  expect(await doorbell({ dataDir: '/nonexistent', redisUrl: `redis://user:secret@127.0.0.1:${port}` })).toEqual({
    verdict: 'warn',
    what: expect.stringMatching(
      new RegExp(`^doorbell: Redis at 127\\.0\\.0\\.1:${port} does not answer \\(.*ECONNREFUSED.*\\)$`),
    ),
    remedy: 'start Redis, or check POSTHOUSE_REDIS_URL; until then mail flows by the sweeper, slower',
  });
});

test.runIf(program !== undefined)('a Redis that answers', async () => {
  const redis = await PrivateRedis.start(program ?? '');
  expect(await doorbell({ dataDir: '/nonexistent', redisUrl: redis.url })).toMatchObject({
    verdict: 'ok',
    what: `doorbell: rings through Redis at 127.0.0.1:${redis.port}`,
  });
  await redis.remove();
});
