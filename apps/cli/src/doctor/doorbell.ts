/** What wakes the workers. Never a failure: without it mail flows all the same. */
import { redisFault } from '#queue';
import { isServing, redisPlace, servingRecords, type Config } from '#runtime';
import { fail, ok, warn, type Finding } from './finding.ts';

const shown = (redis: string | undefined): string => (redis === undefined ? 'PostgreSQL' : `Redis at ${redis}`);

export async function doorbell(config: Pick<Config, 'redisUrl' | 'dataDir'>): Promise<Finding> {
  const { redisUrl } = config;
  const other = servingRecords(config.dataDir).find((app) => isServing(app) && app.redis !== redisPlace(config));
  if (other !== undefined)
    return fail(
      `doorbell: ${other.app} rings through ${shown(other.redis)}, and the settings here say ${shown(redisPlace(config))}`,
      'give all apps and commands the same POSTHOUSE_REDIS_URL, best in posthouse.env',
    );
  if (redisUrl === undefined) return ok('doorbell: rings through PostgreSQL');
  const where = `Redis at ${new URL(redisUrl).host}`; // the rest of the URL may hold a password
  const fault = await redisFault(redisUrl);
  if (fault === undefined) return ok(`doorbell: rings through ${where}`);
  return warn(
    `doorbell: ${where} does not answer (${fault})`,
    'start Redis, or check POSTHOUSE_REDIS_URL; until then mail flows by the sweeper, slower',
  );
}
