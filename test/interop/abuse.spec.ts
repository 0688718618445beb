/** Crowds of bad clients on every port of the built apps; then an ordinary one sends a mail and reads it. */
import { once } from 'node:events';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noise } from '../corpus/sample.ts';
import { BuiltHouse, DOMAIN } from './built.ts';
import { ImapTalk } from './imap-talk.ts';
import { OctetClient } from './octet-client.ts';
import { Pop3Talk } from './pop3-talk.ts';

const READER = `reader@${DOMAIN}`;
const PORTS = ['smtp', 'pop3', 'imap'] as const;
type Port = (typeof PORTS)[number];

const DRIBBLERS = 500;
const SHORT = 2_000;
/** Short connections under way at once. */
const AT_ONCE = 25;
/** Milliseconds between two octets of a dribbler. */
const PAUSE = 2_000;
/** A line that no protocol knows, sent octet by octet. */
const DRIBBLE = 'THISISNOCOMMAND';

let house: BuiltHouse;
let mails = 0;
beforeAll(async () => {
  house = await BuiltHouse.start();
  await house.mailbox(READER);
});
beforeEach(() => expect(house.ended()).toEqual([]));
afterAll(() => house?.stop());

/** One mail from SMTP through the worker to POP3 and IMAP; says how long each took. */
async function ordinaryClient(during: string): Promise<void> {
  const subject = `Subject: mail ${++mails}`;
  const took: string[] = [];
  let began = performance.now();
  const done = (what: string): void => {
    took.push(`${what} ${Math.round(performance.now() - began)} ms`);
    began = performance.now();
  };
  const smtp = await SmtpTalk.open(house.ports.smtp, 'client.example');
  expect(await smtp.mail('anna@client.example', [READER], `${subject}\r\n\r\n`)).toMatch(/^250 /);
  await smtp.quit();
  done('SMTP');
  await house.delivered();
  done('delivery');
  const pop3 = await Pop3Talk.open(house.ports.pop3, READER);
  for await (const message of pop3.retrieve([mails])) expect(message.toString()).toContain(subject);
  await pop3.quit();
  done('POP3');
  const imap = await ImapTalk.login(house.ports.imap, READER);
  await imap.ask('SELECT INBOX');
  const [message] = await imap.ask(`FETCH ${mails} BODY.PEEK[HEADER.FIELDS (SUBJECT)]`);
  expect(message?.literals[0]?.toString()).toBe(`${subject}\r\n\r\n`);
  await imap.logout();
  done('IMAP');
  process.stdout.write(`an ordinary client ${during}: ${took.join(', ')}\n`);
}

/** Each of them sends an octet of DRIBBLE now and then until `stop`. */
class Dribblers {
  readonly clients: OctetClient[] = [];
  #said = 0;
  #timer: NodeJS.Timeout | undefined;

  async start(port: number): Promise<void> {
    for (let count = 0; count < DRIBBLERS; count++) {
      const client = await OctetClient.connect(port);
      await client.line();
      this.clients.push(client);
    }
    this.#dribble();
    this.#timer = setInterval(() => this.#dribble(), PAUSE);
  }

  #dribble(): void {
    const octet = DRIBBLE[this.#said++];
    if (octet !== undefined) for (const client of this.clients) client.send(octet);
  }

  /** The answers to what they were saying. */
  async finish(): Promise<Set<string>> {
    clearInterval(this.#timer);
    const answers = new Set<string>();
    for (const client of this.clients) {
      client.send(`${DRIBBLE.slice(this.#said)}\r\n`);
      answers.add(await client.line());
      client.drop();
    }
    return answers;
  }
}

async function shortConnections(port: number): Promise<void> {
  let left = SHORT;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const client = await OctetClient.connect(port);
      if (left % 2 === 0) await client.line();
      client.drop();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

test('500 that dribble on each port, 2,000 short ones in a row on each port', async () => {
  const crowds = new Map<Port, Dribblers>();
  for (const port of PORTS) {
    const crowd = new Dribblers();
    crowds.set(port, crowd);
    await crowd.start(house.ports[port]);
  }
  await ordinaryClient('among 1,500 that dribble');
  for (const port of PORTS) await shortConnections(house.ports[port]);
  await ordinaryClient('after 6,000 short connections');
  const answers = new Map<Port, string[]>();
  for (const [port, crowd] of crowds) answers.set(port, [...(await crowd.finish())]);
  // Each of them was served all the time, and heard what anybody hears.
  expect(Object.fromEntries(answers)).toEqual({
    smtp: ['500 5.5.2 Error: command not recognized'],
    pop3: ['-ERR unknown command'],
    imap: [expect.stringMatching(/^(\* BAD|THISISNOCOMMAND BAD) /)],
  });
});

describe.each(PORTS)('%s', (port) => {
  test('noise before login', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const client = await OctetClient.connect(house.ports[port]);
      client.send(noise(64 * 1024, seed));
      client.socket.end();
      await client.rest();
      client.drop();
    }
    await ordinaryClient(`after noise on ${port}`);
  });

  test('a line that never ends is cut off long before it fills the memory', async () => {
    const client = await OctetClient.connect(house.ports[port]);
    const piece = Buffer.alloc(64 * 1024, 'x');
    let octets = 0;
    // 32 MiB are far beyond all limits and buffers: the server must have hung up by then.
    while (!client.socket.destroyed && octets < 32 * 1024 * 1024) {
      octets += piece.length;
      if (!client.socket.write(piece))
        await Promise.race([once(client.socket, 'drain'), once(client.socket, 'close')]).catch(() => undefined);
    }
    await client.rest();
    expect(client.socket.destroyed || client.socket.readableEnded).toBe(true);
    client.drop();
  });
});

test('nothing of it has ended a process, and mail still flows', async () => {
  await ordinaryClient('at the end');
  expect(house.ended()).toEqual([]);
});
