/** A corner of the house for a real mail through real ports: made, used, and removed again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hashPassword } from '#auth';
import { DirectoryRefusal, ROOT_TENANT, type DirectoryScope, type DirectoryStore } from '#domain';
import { fetchImap } from './clients/imap-client.ts';
import { fetchPop3, type Fetched, type Login } from './clients/pop3-client.ts';
import { sendMail, type Outgoing, type Sent } from './clients/smtp-client.ts';
import { messageIdField } from './compose.ts';
import type { Endpoints } from './endpoints.ts';
import { CommandFailure, EXIT } from './failure.ts';
import { generatePassword } from './password.ts';

/** Milliseconds a delivery may take before the probe gives up, and between two looks. */
const DELIVERY_MS = 20_000;
const LOOK_MS = 200;

export interface Corner {
  readonly tenant: string;
  readonly domain: string;
  readonly users: readonly string[];
}

const scopeOf = ({ tenant }: Corner): DirectoryScope => ({ principal: ROOT_TENANT, tenant });

const ifNew = async (work: Promise<unknown>): Promise<void> => {
  await work.catch((error: unknown) => {
    if (!(error instanceof DirectoryRefusal && error.code === 'conflict')) throw error;
  });
};

/** Makes what is missing, and gives every user a new random password. */
export async function makeCorner(directory: DirectoryStore, corner: Corner): Promise<Login[]> {
  const scope = scopeOf(corner);
  await ifNew(directory.addTenant(scope, corner.tenant));
  await ifNew(directory.addDomain(scope, corner.domain, undefined));
  await directory.showDomain(scope, corner.domain); // another tenant may have it: that is a refusal, not ours to use
  const logins: Login[] = [];
  for (const name of corner.users) {
    const user = `${name}@${corner.domain}`;
    const password = generatePassword();
    const passwordHash = await hashPassword(password);
    await ifNew(
      directory.addMailbox(scope, { address: user, passwordHash, quotaOctets: undefined, quotaMessages: undefined }),
    );
    await directory.setMailbox(scope, user, { passwordHash });
    logins.push({ user, password });
  }
  return logins;
}

const ifThere = async (work: Promise<unknown>): Promise<void> => {
  await work.catch((error: unknown) => {
    if (!(error instanceof DirectoryRefusal && error.code === 'not-found')) throw error;
  });
};

/** Removes all of it; what is gone already is no error. */
export async function removeCorner(directory: DirectoryStore, corner: Corner): Promise<void> {
  await ifThere(directory.removeDomain(scopeOf(corner), corner.domain, true));
  await ifThere(directory.removeTenant(scopeOf(corner), corner.tenant));
}

export interface RoundTrip {
  readonly sent: Sent;
  readonly pop3: Fetched;
  readonly imap: Fetched;
  /** What came back is not what was sent. */
  readonly fault: string | undefined;
}

/**
 * Sends a composed letter through our own SMTP port, waits until POP3 has it, and fetches it over both. Throws CommandFailure where
 * it stops.
 */
export async function roundTrip(endpoints: Endpoints, letter: Outgoing, login: Login): Promise<RoundTrip> {
  const id = messageIdField(letter.message);
  const isWanted = (message: Buffer): boolean => message.includes(`\n${id}\r\n`);
  const sent = await sendMail(endpoints.smtp, letter);
  const pop3 = await waitForMail(endpoints, login, isWanted);
  const imap = await fetchImap(endpoints.imap, login, isWanted);
  const fault = faultOf('POP3', pop3, letter.message) ?? faultOf('IMAP', imap, letter.message);
  return { sent, pop3, imap, fault };
}

/** The octets come back unchanged, below the trace fields. */
function faultOf(protocol: string, { message }: Fetched, letter: Buffer): string | undefined {
  if (message === undefined) return `${protocol} does not show the mail`;
  return message.subarray(-letter.length).equals(letter) ? undefined : `${protocol} gives other octets than were sent`;
}

async function waitForMail(
  { pop3 }: Endpoints,
  login: Login,
  isWanted: (message: Buffer) => boolean,
): Promise<Fetched> {
  const end = performance.now() + DELIVERY_MS;
  for (;;) {
    const fetched = await fetchPop3(pop3, login, isWanted);
    if (fetched.message !== undefined) return fetched;
    if (performance.now() > end) {
      throw new CommandFailure(
        EXIT.difference,
        `the mail was accepted and is not in the mailbox after ${DELIVERY_MS / 1000} s: posthouse trace ${login.user}`,
      );
    }
    await sleep(LOOK_MS);
  }
}
