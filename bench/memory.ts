/**
 * What idle connections and large messages cost in memory: `npm run bench:memory -- [connections]`.
 * The built apps run as processes over a database server of their own; figures are /proc's (PSS: shared pages divided by their users).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { SmtpTalk } from '#testing';
import { DOMAIN } from '../test/interop/built.ts';
import { ImapTalk } from '../test/interop/imap-talk.ts';
import { Pop3Talk } from '../test/interop/pop3-talk.ts';
import { ownHouse } from './own-house.ts';

const CONNECTIONS = Number(process.argv[2] ?? 2_000);
/** Logins under way at once: more than hashing threads, less than what may wait for them. */
const AT_ONCE = 20;
const LARGE = 50_000_000;
/** Milliseconds between two looks at the memory of a process. */
const SAMPLE_MS = 20;
/** Milliseconds of quiet before idle connections are weighed. */
const QUIET_MS = 3_000;
const GOAL = { imap: 522 / 8, pop3: 712 / 8, large: 30 } as const;

const quiet = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** KiB of one line of smaps_rollup or status; 0 when the process is gone. */
function kib(pid: number, file: 'smaps_rollup' | 'status', field: string): number {
  try {
    const line = readFileSync(`/proc/${pid}/${file}`, 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${field}:`));
    return Number(line?.match(/\d+/)?.[0] ?? 0);
  } catch {
    return 0;
  }
}

function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      found.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Ended while we looked.
    }
  }
  return found;
}

/** The process and all below it. */
function tree(root: number): number[] {
  const above = parents();
  const below = (pid: number): number[] => [
    pid,
    ...[...above].filter(([, parent]) => parent === pid).flatMap(([child]) => below(child)),
  ];
  return below(root);
}

const pss = (root: number): number => tree(root).reduce((sum, pid) => sum + kib(pid, 'smaps_rollup', 'Pss'), 0);

const { house, owner, stop } = await ownHouse({
  settings: { POSTHOUSE_MAX_MESSAGE_OCTETS: String(64 * 1024 * 1024) },
});
const {
  rows: [backend],
} = await owner.query<{ pid: number }>('select pg_backend_pid() as pid');
const postmaster = parents().get(backend?.pid ?? 0) ?? 0;
const pidOf = (name: 'smtp' | 'worker' | 'pop3' | 'imap'): number => house.apps.get(name)?.pid ?? 0;

/** Private memory in KiB: anonymous pages, so that of PostgreSQL's shared buffers nothing counts, not even what one process alone has touched. */
const privateOf = (pid: number): number => kib(pid, 'status', 'RssAnon');

/** What a process of the database calls itself: `checkpointer`, `posthouse memory 127.0.0.1(40404) INSERT`. */
function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').replace('postgres: ', '').trim();
  } catch {
    return 'ended at once';
  }
}

const mib = (kibibytes: number): string => `${(kibibytes / 1024).toFixed(1)} MiB`;

/** Highest rise of private memory while looked at, by process; one that comes meanwhile rises from what it had at the first look. */
class Rises {
  readonly #seen = new Map<number, { title: string; first: number; most: number }>();

  look(pids: readonly number[]): void {
    for (const pid of pids) {
      const now = privateOf(pid);
      const seen = this.#seen.get(pid);
      if (seen === undefined) this.#seen.set(pid, { title: titleOf(pid), first: now, most: now });
      else if (now > seen.most) this.#seen.set(pid, { ...seen, title: titleOf(pid), most: now });
    }
  }

  of(pid: number): string {
    const { first, most } = this.#seen.get(pid) ?? { first: 0, most: 0 };
    return mib(most - first);
  }

  /** Of the process that rose most, with what it called itself then. */
  get highest(): string {
    const [highest] = [...this.#seen.values()].toSorted((a, b) => b.most - b.first - (a.most - a.first));
    return highest === undefined ? 'none' : `${mib(highest.most - highest.first)} (${highest.title})`;
  }
}

/** Peak growth of private memory of every app, and of that process of the database that grew most, while `work` runs. */
async function peaks(work: () => Promise<void>): Promise<Record<string, string>> {
  const apps = [...house.apps].map(([name, { pid = 0 }]) => ({ name, pid }));
  const rises = new Rises();
  const backends = new Rises();
  const look = (): void => {
    rises.look(apps.map(({ pid }) => pid));
    backends.look(tree(postmaster));
  };
  look();
  const timer = setInterval(look, SAMPLE_MS);
  await work();
  look();
  clearInterval(timer);
  return { ...Object.fromEntries(apps.map(({ name, pid }) => [name, rises.of(pid)])), postgres: backends.highest };
}

/** Sent in pieces: this process is not what is measured, but it shares the machine. */
async function sendLarge(to: string): Promise<void> {
  const talk = await SmtpTalk.open(house.ports.smtp, 'client.example');
  await talk.envelope('anna@client.example', [to]);
  await talk.say('DATA');
  const piece = Buffer.from(
    'a line of seventy-four octets that is repeated until there are enough, yes\r\n'.repeat(800),
  );
  for (let sent = 0; sent < LARGE; sent += piece.length) await talk.client.send(piece);
  await talk.client.send('.\r\n');
  const reply = await talk.reply();
  if (!reply.startsWith('250')) throw new Error(reply);
  await talk.quit();
  await house.delivered();
}

async function large(): Promise<void> {
  const to = `large@${DOMAIN}`;
  await house.mailbox(to);
  for (const round of [1, 2]) {
    const tell = (way: string, grown: Record<string, string>): void => {
      console.log(`${LARGE / 1e6} MB ${way}, round ${round}: ${JSON.stringify(grown)}`);
    };
    tell('in over SMTP', await peaks(() => sendLarge(to)));
    // Logged in before: argon2 takes its 19 MiB for any login.
    const pop3 = await Pop3Talk.open(house.ports.pop3, to);
    tell('out over POP3', await peaks(() => takeLarge(pop3, round)));
    await pop3.quit();
    const imap = await ImapTalk.login(house.ports.imap, to);
    await imap.ask('SELECT INBOX');
    tell('out over IMAP', await peaks(() => fetchLarge(imap, round)));
    await imap.logout();
  }
  console.log(`goal: at most ${GOAL.large} MiB each`);
}

async function takeLarge(talk: Pop3Talk, number: number): Promise<void> {
  for await (const message of talk.retrieve([number]))
    if (message.length < LARGE) throw new Error('not all octets came');
}

async function fetchLarge(talk: ImapTalk, number: number): Promise<void> {
  const [message] = await talk.ask(`FETCH ${number} BODY.PEEK[]`);
  if ((message?.literals[0]?.length ?? 0) < LARGE) throw new Error('not all octets came');
}

async function crowd(open: (address: string) => Promise<unknown>): Promise<void> {
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < CONNECTIONS) await open(`user${next++}@${DOMAIN}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}

async function idle(name: 'imap' | 'pop3', open: (address: string) => Promise<unknown>): Promise<void> {
  const pid = pidOf(name);
  await quiet(QUIET_MS);
  const before = { app: pss(pid), database: pss(postmaster), anon: kib(pid, 'status', 'RssAnon') };
  await crowd(open);
  await quiet(QUIET_MS);
  const after = { app: pss(pid), database: pss(postmaster), anon: kib(pid, 'status', 'RssAnon') };
  const each = (what: keyof typeof before): number => (after[what] - before[what]) / CONNECTIONS;
  console.log(
    `${CONNECTIONS} idle ${name} connections: ${each('app').toFixed(1)} KiB of PSS each in the app (${each('anon').toFixed(1)} private), ` +
      `${each('database').toFixed(1)} in the database; goal ${GOAL[name].toFixed(0)} KiB`,
  );
}

const held: { drop(): void }[] = [];
try {
  await large();
  for (let at = 0; at < CONNECTIONS; at++) await house.mailbox(`user${at}@${DOMAIN}`);
  await idle('imap', async (address) => {
    const talk = await ImapTalk.login(house.ports.imap, address);
    await talk.ask('SELECT INBOX');
    talk.client.send('idle IDLE\r\n');
    await talk.response();
    held.push(talk.client);
  });
  await idle('pop3', async (address) => {
    held.push((await Pop3Talk.open(house.ports.pop3, address)).client);
  });
} finally {
  for (const client of held) client.drop();
  await stop();
}
