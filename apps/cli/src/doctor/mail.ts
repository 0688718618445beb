/** Bodies small and large through SMTP, back over POP3 and IMAP, to a mailbox that is removed after. */
import { randomBytes } from 'node:crypto';
import type { DirectoryStore } from '#domain';
import { reasonOf } from '#runtime';
import { compose } from '../compose.ts';
import type { Endpoints } from '../endpoints.ts';
import { makeCorner, removeCorner, roundTrip, type Corner } from '../probe.ts';
import { attempt, fail, ok, type Finding } from './finding.ts';

/** Over the bound of bodies stored in one row, so that the chunk path is walked too. */
const LARGE_TEXT = 1_200_000;
const LETTERS = [
  ['loopback mail', 'A mail from the doctor.\r\n'],
  ['body write and read', 'A long mail from the doctor.\r\n'.repeat(LARGE_TEXT / 30)],
] as const;

const BROKEN = 'posthouse status, then look into the log of the house';
const CHANGED =
  'is a proxy or a scanner between us and our own ports? If not, it is a defect of ours: please report it';

export async function* mail(directory: DirectoryStore, endpoints: Endpoints): AsyncGenerator<Finding> {
  const name = `doctor-${randomBytes(4).toString('hex')}`;
  const corner: Corner = { tenant: name, domain: `${name}.test`, users: ['loopback'] };
  try {
    const [login] = await makeCorner(directory, corner);
    if (!login) throw new Error('the corner has one user');
    for (const [what, text] of LETTERS) {
      yield await attempt(what, BROKEN, async () => {
        const message = compose({ from: login.user, to: [login.user], subject: what, text });
        const { fault } = await roundTrip(endpoints, { from: login.user, to: [login.user], message }, login);
        if (fault !== undefined) return fail(`${what}: ${fault}`, CHANGED);
        return ok(`${what}: ${message.length} octets through SMTP, POP3 and IMAP, unchanged`);
      });
    }
  } catch (error) {
    yield fail(`mail: ${reasonOf(error)}`, 'run posthouse migrate');
  }
  yield await attempt(
    'clean-up',
    `posthouse domain rm ${corner.domain} --cascade --yes --tenant ${name}; posthouse tenant rm ${name} --yes`,
    async () => {
      await removeCorner(directory, corner);
      return ok('clean-up: the mailbox of the examination is removed');
    },
  );
}
