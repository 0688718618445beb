/** What wakes the workers. Never a failure: without it mail flows all the same. */
import { redisFault } from '#queue';
import type { Config } from '#runtime';
import { ok, warn, type Finding } from './finding.ts';

export async function doorbell({ redisUrl }: Pick<Config, 'redisUrl'>): Promise<Finding> {
  if (redisUrl === undefined) return ok('doorbell: rings through PostgreSQL');
  const where = `Redis at ${new URL(redisUrl).host}`; // the rest of the URL may hold a password
  const fault = await redisFault(redisUrl);
  if (fault === undefined) return ok(`doorbell: rings through ${where}`);
  return warn(
    `doorbell: ${where} does not answer (${fault})`,
    'start Redis, or check POSTHOUSE_REDIS_URL; until then mail flows by the sweeper, slower',
  );
}
