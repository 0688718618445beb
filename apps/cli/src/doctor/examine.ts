/** The whole examination, finding by finding, cheapest first. */
import type { HouseStatistics } from '#domain';
import { reasonOf } from '#runtime';
import type { Context } from '../context.ts';
import { findEndpoints } from '../endpoints.ts';
import type { OpenHouse } from '../open-house.ts';
import { database } from './database.ts';
import { disk } from './disk.ts';
import { doorbell } from './doorbell.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import { findHousehold } from './household.ts';
import { mail } from './mail.ts';
import { ports } from './ports.ts';
import { judgeTargets } from '../other-hosts.ts';
import { judgeRemovals } from '../removals.ts';

export async function* examine(context: Context): AsyncGenerator<Finding> {
  const config = context.config();
  const household = await findHousehold(config);
  yield household.finding;
  const away = yield* ports(config, household);
  yield await disk(config);
  yield await doorbell(config);
  let house: OpenHouse;
  try {
    house = await context.open();
  } catch (error) {
    yield fail(`database: ${reasonOf(error)}`, 'start the house, or check POSTHOUSE_DATABASE_URL');
    return;
  }
  try {
    if (!(yield* database(house))) return;
    yield* figures(house);
    if (away.some((name) => name !== 'http'))
      yield warn('mail: not tried', 'run posthouse doctor where smtp, pop3 and imap listen');
    else if (household.occupancy === 'serving') yield* mail(house.directory, findEndpoints(config));
    else yield warn('mail: not tried', 'start the house and run posthouse doctor again');
  } finally {
    await house.close();
  }
}

/** What the figures of the house say: counted once. */
async function* figures({ trace }: OpenHouse): AsyncGenerator<Finding> {
  let statistics: HouseStatistics;
  try {
    statistics = await trace.statistics();
  } catch (error) {
    yield fail(`figures: ${reasonOf(error)}`, 'run posthouse migrate');
    return;
  }
  yield postmaster(statistics);
  yield judgeRemovals(statistics.removals);
  yield await judgeTargets(trace);
}

function postmaster({ heldForPostmaster }: HouseStatistics): Finding {
  if (heldForPostmaster === 0) return ok('postmaster: no mail is held');
  return warn(
    `postmaster: ${heldForPostmaster} mail(s) held`,
    'posthouse explain postmaster@<domain> says why; posthouse alias add postmaster@<domain> <you>: RFC 5321 4.5.1 wants it read',
  );
}
