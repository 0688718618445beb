/** The whole examination, finding by finding, cheapest first. */
import { randomBytes } from 'node:crypto';
import { ROOT_TENANT } from '#domain';
import { readHouse } from '#runtime';
import { compose } from '../compose.ts';
import type { Context } from '../context.ts';
import { findEndpoints } from '../endpoints.ts';
import { makeCorner, removeCorner, roundTrip, type Corner } from '../probe.ts';
import type { OpenHouse } from '../open-house.ts';
import { database } from './database.ts';
import { doorbell } from './doorbell.ts';
import { attempt, fail, ok, warn, type Finding } from './finding.ts';
import { disk, ports } from './machine.ts';

/** Over the bound of bodies stored in one row, so that the chunk path is walked too. */
const LARGE_TEXT = 1_200_000;

const CHANGED =
  'is a proxy or a scanner between us and our own ports? If not, it is a defect of ours: please report it';

export async function* examine(context: Context): AsyncGenerator<Finding> {
  const config = context.config();
  // With a database by URL the apps may be processes of their own, without a house.json here.
  const isUp = readHouse(config.dataDir)?.running === true || config.database.url !== undefined;
  yield* ports(config, isUp);
  yield await disk(config);
  yield await doorbell(config);
  let house: OpenHouse;
  try {
    house = await context.open();
  } catch (error) {
    yield fail(
      `database: ${error instanceof Error ? error.message : String(error)}`,
      'start the house, or check POSTHOUSE_DATABASE_URL',
    );
    return;
  }
  try {
    yield* database(house);
    yield await postmaster(house);
    if (isUp) yield* mail(context, house);
    else yield warn('mail: not tried', 'start the house and run posthouse doctor again');
  } finally {
    await house.close();
  }
}

function postmaster({ trace }: OpenHouse): Promise<Finding> {
  return attempt('postmaster', 'run posthouse migrate', async () => {
    const { heldForPostmaster } = await trace.statistics(ROOT_TENANT);
    if (heldForPostmaster === 0) return ok('postmaster: no mail is held');
    return warn(
      `postmaster: ${heldForPostmaster} mail(s) held`,
      'posthouse explain postmaster@<domain> says why; posthouse alias add postmaster@<domain> <you>: RFC 5321 4.5.1 wants it read',
    );
  });
}

/** Bodies small and large through SMTP, back over POP3 and IMAP, to a mailbox that is removed after. */
async function* mail(context: Context, { directory }: OpenHouse): AsyncGenerator<Finding> {
  const name = `doctor-${randomBytes(4).toString('hex')}`;
  const corner: Corner = { tenant: name, domain: `${name}.test`, users: ['loopback'] };
  try {
    const [login] = await makeCorner(directory, corner);
    if (!login) throw new Error('the corner has one user');
    const remedy = `posthouse status, then look into the log of the house`;
    for (const [what, text] of [
      ['loopback mail', 'A mail from the doctor.\r\n'],
      ['body write and read', 'A long mail from the doctor.\r\n'.repeat(LARGE_TEXT / 30)],
    ] as const) {
      yield await attempt(what, remedy, async () => {
        const message = compose({ from: login.user, to: [login.user], subject: what, text });
        const letter = { from: login.user, to: [login.user], message };
        const { fault } = await roundTrip(findEndpoints(context.config()), letter, login);
        if (fault !== undefined) return fail(`${what}: ${fault}`, CHANGED);
        return ok(`${what}: ${message.length} octets through SMTP, POP3 and IMAP, unchanged`);
      });
    }
  } catch (error) {
    yield fail(`mail: ${error instanceof Error ? error.message : String(error)}`, 'run posthouse migrate');
  }
  yield await attempt(
    'clean-up',
    `posthouse domain rm ${corner.domain} --cascade --tenant ${name}; posthouse tenant rm ${name}`,
    async () => {
      await removeCorner(directory, corner);
      return ok('clean-up: the mailbox of the examination is removed');
    },
  );
}
