/** Carries out what a plan says. A strike that finds nothing to strike is a fault: the run would prove less than it says. */
import { SmtpTalk, type PrivateRedis } from '#testing';
import { existsSync } from 'node:fs';
import { FULL_DISK, type AppProcess } from './app-process.ts';
import { fillBacklog } from './backlog.ts';
import { LIST, RESTLESS, type CrashHouse, type CrashServer } from './crash-house.ts';
import type { Kind, Strike } from './plan.ts';
import { killInQuit, type Quits } from './quits.ts';
import { flushAll } from './redis-server.ts';
import { startSecond } from './second-start.ts';

/** Milliseconds that PostgreSQL's launcher may take to have it running again. */
const PATIENCE = 30_000;

export interface Targets {
  readonly house: CrashHouse;
  readonly server: CrashServer;
  /** Undefined where no plan names it. */
  readonly redis: PrivateRedis | undefined;
  readonly found: Findings;
  /** Messages of a backlog. */
  readonly backlog: number;
}

/** What strikes leave for the verdict and the report. */
export interface Findings {
  /** Milliseconds from each start after a kill to the first greeting. */
  readonly greeted: number[];
  /** Ids of messages to the list that were accepted. */
  readonly listed: string[];
  readonly quits: Quits[];
  /** id -> recipient, of the messages of a backlog. */
  readonly backlog: Map<string, string>;
}

export const newFindings = (): Findings => ({ greeted: [], listed: [], quits: [], backlog: new Map() });

/** Resolves when what was struck is gone, or, where a supervisor of ours would start it again, serves again. */
export async function strike(targets: Targets, { kind, choice }: Strike): Promise<void> {
  const { house, server, redis, found } = targets;
  const kill = (app: AppProcess | undefined): Promise<void> => killAndStart(app, found);
  const worker = house.workers[choice % house.workers.length];
  switch (kind) {
    case 'kill -9 smtp':
      return kill(house.smtp);
    case 'kill -9 worker':
      return kill(worker);
    case 'kill -9 imap':
      return kill(house.imap);
    case 'kill -9 postgres':
      return killServer(server);
    case 'FLUSHALL':
      return flushAll(there(redis, kind));
    case 'stop redis':
      return there(redis, kind).down();
    case 'start redis':
      return there(redis, kind).up();
    case 'remove a domain':
      await house.administer((directory, scope) => directory.removeDomain(scope, 'removed.test', true));
      return answered(house, RESTLESS.removed[0], /^550 /);
    case 'suspend a tenant':
      return setGuests(house, 'suspended');
    case 'resume the tenant':
      return setGuests(house, 'active');
    case 'rename a mailbox':
      await house.administer((directory, scope) =>
        directory.setMailbox(scope, house.addresses[0] ?? '', { removeAddresses: RESTLESS.renamed }),
      );
      return answered(house, RESTLESS.renamed[0], /^550 /);
    case 'second start':
      return startSecond(server, house, false);
    case 'second start from another PID namespace':
      return startSecond(server, house, true);
    case 'a backlog':
      return fillBacklog(house, targets.backlog, found.backlog);
    case 'a full disk under the log':
      return fillLogs(house, worker, found);
    case 'kill -9 pop3 in QUIT':
      found.quits.push(await killInQuit(house, RESTLESS.popped, choice));
      return;
    case 'kill -9 worker in an expansion':
      await listMail(house, `list-${choice}`, found);
      await Promise.all(house.workers.map((app) => killAndStart(app, found)));
  }
}

async function setGuests(house: CrashHouse, state: 'active' | 'suspended'): Promise<void> {
  await house.administer((directory, scope) => directory.setTenant(scope, 'guest', state));
  await answered(house, RESTLESS.suspended[0], state === 'active' ? /^250 / : /^[45]50 /);
}

/** Throws when RCPT does not say what the change that was made means: it was not made then. */
async function answered({ port }: CrashHouse, address: string, what: RegExp): Promise<void> {
  let last = '';
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline;) {
    try {
      const talk = await SmtpTalk.open(port, 'crash.test');
      last = (await talk.envelope('sender@elsewhere.test', [address])).at(-1) ?? '';
      await talk.quit();
      if (what.test(last)) return;
    } catch (error) {
      last = String(error); // down or not well: it is asked again
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`RCPT to ${address}: ${last}`);
}

/** smtp and a worker go on without a log, to the end of the run; a message is accepted meanwhile, and both still run. */
async function fillLogs(house: CrashHouse, worker: AppProcess | undefined, found: Findings): Promise<void> {
  if (!existsSync(FULL_DISK)) {
    process.stdout.write(`there is no ${FULL_DISK}: the disk under the log is not full in this run\n`);
    return;
  }
  const apps = [house.smtp, ...(worker ? [worker] : [])];
  for (const app of apps) app.fillLog();
  await Promise.all(apps.map((app) => killAndStart(app, found)));
  const pids = apps.map(({ pid }) => pid);
  await listMail(house, `list-${pids.join('-')}`, found);
  if (!apps.every((app, at) => app.isRunning && app.hasFullLog && app.pid === pids[at]))
    throw new Error('an app ended because its log could not be written');
}

/** One message to every member of the list; tried again with another id while smtp is on its way back. */
async function listMail({ port }: CrashHouse, prefix: string, { listed }: Findings): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const id = `${prefix}-${tries}`;
    try {
      const talk = await SmtpTalk.open(port, 'crash.test');
      const answer = await talk.mail(
        'sender@elsewhere.test',
        [LIST.address],
        `Message-ID: <${id}@crash.test>\r\n\r\nto all\r\n`,
      );
      if (answer.startsWith('250')) {
        listed.push(id);
        return;
      }
    } catch {
      // Down or not well: what became of this id is not known, and not judged.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('no message to the list was accepted');
}

function there<T>(target: T | undefined, kind: Kind): T {
  if (target === undefined) throw new Error(`${kind}: there is none`);
  return target;
}

async function killAndStart(app: AppProcess | undefined, { greeted }: Findings): Promise<void> {
  if (!app?.isRunning) throw new Error(`${app?.name} is not running: it has ended by itself`);
  await app.kill();
  const milliseconds = await app.start();
  if (milliseconds > 0) greeted.push(milliseconds);
}

/** Its launcher starts it again by itself. */
async function killServer(server: CrashServer): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline;) {
    const pid = server.database.pid();
    try {
      if (pid !== undefined && process.kill(pid, 'SIGKILL')) return;
    } catch {
      // Dead from the strike before, and on its way back.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the database server was not started again');
}
