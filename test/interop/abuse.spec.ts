/** Crowds of bad clients on every port of the built apps; then an ordinary one sends a mail and reads it. */
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noise } from '../corpus/sample.ts';
import { BuiltHouse, DOMAIN } from './built.ts';
import { ImapTalk } from './imap-talk.ts';
import { OctetClient } from './octet-client.ts';
import { Pop3Talk } from './pop3-talk.ts';
import { promptly, SERVED_WITHIN } from './promptly.ts';

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

/** What a line of 4 MiB is answered. */
const LONG_LINE: Readonly<Record<Port, readonly string[]>> = {
  smtp: ['500 5.5.2 Command line too long\r\n'],
  pop3: ['-ERR line too long\r\n'],
  imap: ['* BYE command line too long\r\n'],
};

interface Noise {
  /** Lines that are no command after which the port has had enough. */
  readonly lines: number;
  /** Of them, from the first on. */
  readonly answered: number;
  /** To each of them, without its line end. */
  readonly answer: (line: string) => string;
  readonly lastWords: string;
}

/** RFC 3501 9, with a space behind it; then the word that should be a command. */
const TAGGED = /^([!#$&',-[\]-z|}~]{1,128}) ([!#-$&',-Z[^-z|}~+]*)/;

const NOISE: Readonly<Record<Port, Noise>> = {
  smtp: {
    lines: 10,
    answered: 9,
    answer: () => '500 5.5.2 Error: command not recognized',
    lastWords: '421 4.4.2 Error: too many unrecognized commands',
  },
  pop3: {
    lines: 50,
    answered: 49,
    answer: (line) => (line.length > 253 ? '-ERR line too long' : '-ERR unknown command'),
    lastWords: '-ERR too many bad commands, closing',
  },
  imap: {
    lines: 20,
    answered: 20,
    answer: (line) => {
      const [head, tag] = TAGGED.exec(line) ?? [];
      return head === undefined
        ? '* BAD expected tag at octet 0'
        : `${tag} BAD expected command at octet ${head.length}`;
    },
    lastWords: '* BYE too many bad commands',
  },
};

/** Noise up to its line end of this number, in latin1. */
function noisyLines(lines: number, seed: number): string[] {
  const found = noise(64 * 1024, seed)
    .toString('latin1')
    .split('\n')
    .slice(0, lines);
  if (found.length < lines) throw new Error(`the noise of seed ${seed} has too few lines`);
  return found;
}

let house: BuiltHouse;
let mails = 0;
beforeAll(async () => {
  house = await BuiltHouse.start();
  await house.mailbox(READER);
});
beforeEach(() => expect(house.ended()).toEqual([]));
afterAll(() => house?.stop());

/** One mail from SMTP through the worker to POP3 and IMAP; says how long each took. @returns milliseconds of the slowest */
async function ordinaryClient(during: string): Promise<number> {
  const subject = `Subject: mail ${++mails}`;
  const took: string[] = [];
  let slowest = 0;
  let began = performance.now();
  const done = (what: string): void => {
    const milliseconds = performance.now() - began;
    slowest = Math.max(slowest, milliseconds);
    took.push(`${what} ${Math.round(milliseconds)} ms`);
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
  return slowest;
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

test('500 that dribble on each port, 2,000 short ones in a row on each port: a normal client is served in time', async () => {
  const crowds = new Map<Port, Dribblers>();
  for (const port of PORTS) {
    const crowd = new Dribblers();
    crowds.set(port, crowd);
    await crowd.start(house.ports[port]);
  }
  await promptly(SERVED_WITHIN, () => ordinaryClient('among 1,500 that dribble'));
  for (const port of PORTS) await shortConnections(house.ports[port]);
  await promptly(SERVED_WITHIN, () => ordinaryClient('after 6,000 short connections'));
  const answers = new Map<Port, string[]>();
  for (const [port, crowd] of crowds) answers.set(port, [...(await crowd.finish())]);
  // Each of them was served all the time, and heard what anybody hears.
  expect(Object.fromEntries(answers)).toEqual({
    smtp: ['500 5.5.2 Error: command not recognized'],
    pop3: ['-ERR unknown command'],
    imap: ['* BAD expected tag at octet 0'],
  });
});

describe.each(PORTS)('%s', (port) => {
  test('noise before login: each line is answered as it must be, and the connection ends', async () => {
    const { lines, answered, answer, lastWords } = NOISE[port];
    for (let seed = 1; seed <= 40; seed++) {
      const client = await OctetClient.connect(house.ports[port]);
      await client.line();
      // No line more than is read: the last words are not lost in a reset.
      const noisy = noisyLines(lines, seed).map((line) => line.replace(/\r$/, ''));
      client.send(noisy.map((line) => `${line}\r\n`).join(''));
      const answers = [...noisy.slice(0, answered).map(answer), lastWords];
      expect(await client.rest(), `seed ${seed}`).toBe(answers.map((line) => `${line}\r\n`).join(''));
      client.drop();
    }
    await ordinaryClient(`after noise on ${port}`);
  });

  test('a flood of noise', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const client = await OctetClient.connect(house.ports[port]);
      client.send(noise(64 * 1024, seed));
      client.socket.end();
      await client.rest();
      client.drop();
    }
    await ordinaryClient(`after a flood of noise on ${port}`);
  });

  test('a line of 4 MiB', async () => {
    const client = await OctetClient.connect(house.ports[port]);
    await client.line();
    client.socket.end(Buffer.concat([Buffer.alloc(4 * 1024 * 1024, 'x'), Buffer.from('\r\n')]));
    // A server that hangs up under the flood may have its last words lost in the reset.
    expect([...LONG_LINE[port], '']).toContain(await client.rest());
    client.drop();
    await ordinaryClient(`after a long line on ${port}`);
  });
});

describe('IMAP before login', () => {
  const say = async (octets: string | Buffer): Promise<string> => {
    const client = await OctetClient.connect(house.ports.imap);
    await client.line();
    client.socket.end(octets, 'latin1');
    const answer = await client.rest();
    client.drop();
    return answer;
  };

  test.for([
    ['a command of 36,865 octets', `a NOOP ${'x'.repeat(36_856)}\r\n`, 'a BAD command line too long\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xff\xfe\r\n', '* BAD expected tag at octet 0\r\n'],
    ['a literal that is too large', 'a LOGIN {33000}\r\n', 'a BAD [TOOBIG] literal too large\r\n'],
    ['a literal without end', 'a LOGIN {20+}\r\nhalf', ''],
  ] as const)('%s', async ([, octets, answer]) => {
    expect(await say(octets)).toBe(answer);
  });

  test('10,000 unknown commands end the connection after the twentieth', async () => {
    const answers = (await say('a __proto__\r\n'.repeat(10_000))).split('\r\n');
    expect(answers.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => 'a BAD expected command at octet 11'));
    expect(answers.slice(20)).toEqual(['* BYE too many bad commands', '']);
  });

  test('half a literal, then silence', async () => {
    const hasty = await BuiltHouse.start({ apps: ['imap'], settings: { POSTHOUSE_IMAP_IDLE_SECONDS: '1' } });
    try {
      const client = await OctetClient.connect(hasty.ports.imap);
      await client.line();
      client.send('a LOGIN {20}\r\n');
      expect(await client.line()).toBe('+ go ahead');
      client.send('half');
      expect(await client.rest()).toBe('* BYE no login in time\r\n');
    } finally {
      await hasty.stop();
    }
  });
});

test('nothing of it has ended a process, and mail still flows', async () => {
  await ordinaryClient('at the end');
  expect(house.ended()).toEqual([]);
});
