/** POP3 sessions that die in the middle of QUIT: what they marked is gone altogether, or there altogether. */
import { LineClient } from '#testing';
import { PASSWORD, type CrashHouse } from './crash-house.ts';

export interface Quits {
  /** Unique-ids that each session marked; the session may have had its answer or not. */
  readonly marked: ReadonlyMap<string, readonly string[]>;
  /** Milliseconds from the kill until the first of them could log in again. */
  readonly locked: number;
}

/** Deletions of one session at most. */
const MOST = 40;
/** Milliseconds that a maildrop may stay locked: the lease, which covers what nothing else does, and some. */
const PATIENCE = 120_000;

/** Every mailbox has a session that sends QUIT; then pop3 dies, and is started again. */
export async function killInQuit(house: CrashHouse, mailboxes: readonly string[], choice: number): Promise<Quits> {
  const sessions = await Promise.all(mailboxes.map((mailbox) => loggedIn(house, mailbox)));
  const marked = new Map<string, readonly string[]>();
  await Promise.all(
    sessions.map(async (client, at) => {
      const uidls = (await listing(client)).slice(0, MOST);
      for (const [number] of uidls.entries()) await answer(client, `DELE ${number + 1}`);
      marked.set(mailboxes[at] ?? '', uidls);
    }),
  );
  await Promise.all(sessions.map((client) => client.send('QUIT\r\n')));
  // Where in the transaction it dies is the machine's; that it differs is the plan's.
  for (let turn = 0; turn < choice % 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  await house.pop3.kill();
  const killed = performance.now();
  await house.pop3.start();
  for (const client of sessions) client.socket.destroy();
  const again = await loggedIn(house, mailboxes[0] ?? '');
  const locked = performance.now() - killed;
  await answer(again, 'QUIT');
  again.socket.destroy();
  return { marked, locked };
}

/** Of what a session marked, how much is left: all or nothing is right. */
export async function leftOf(house: CrashHouse, mailbox: string, marked: readonly string[]): Promise<number> {
  const client = await loggedIn(house, mailbox);
  const there = new Set(await listing(client));
  await answer(client, 'QUIT');
  client.socket.destroy();
  return marked.filter((uidl) => there.has(uidl)).length;
}

/** Tries until the maildrop is free and the house well. */
async function loggedIn(house: CrashHouse, mailbox: string): Promise<LineClient> {
  let last = '';
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline;) {
    let client: LineClient | undefined;
    try {
      client = await LineClient.connect(house.pop3Port);
      await client.line();
      await answer(client, `USER ${mailbox}`);
      last = await answer(client, `PASS ${PASSWORD}`);
      if (last.startsWith('+OK')) return client;
    } catch (error) {
      last = String(error);
    }
    client?.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${mailbox} could not log in over POP3: ${last}`);
}

async function answer(client: LineClient, command: string): Promise<string> {
  await client.send(`${command}\r\n`);
  const line = await client.line();
  if (line === undefined) throw new Error(`no answer to ${command.slice(0, 4)}`);
  return line;
}

/** Unique-ids by message number. */
async function listing(client: LineClient): Promise<string[]> {
  const first = await answer(client, 'UIDL');
  if (!first.startsWith('+OK')) throw new Error(`UIDL: ${first}`);
  const uidls: string[] = [];
  for (;;) {
    const line = await client.line();
    if (line === undefined) throw new Error('UIDL ended early');
    if (line === '.') return uidls;
    uidls.push(line.slice(line.indexOf(' ') + 1));
  }
}
