/** Private memory of the built apps under clients that never log in and want all of it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BuiltHouse, DOMAIN } from './built.ts';
import { ImapTalk } from './imap-talk.ts';
import { OctetClient } from './octet-client.ts';

const PORTS = ['smtp', 'pop3', 'imap'] as const;
type Port = (typeof PORTS)[number];

const READER = `reader@${DOMAIN}`;
const ENVELOPE = `EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<${READER}>\r\nDATA\r\n`;

const CLIENTS = 64;
/** What each of them tries to send. */
const PUSHED = 12 * 1024 * 1024;
/**
 * Octets of private memory that an app may have meanwhile: half of what it would have if it kept what it is sent. An idle one has 85
 * MiB; the rest is what 64 sockets deliver between two collections of garbage, and was never over 240 MiB.
 */
const BOUND = (CLIENTS * PUSHED) / 2;
/** Milliseconds between two looks. */
const LOOK = 100;
/** Looks without an octet that moved: then everybody waits for somebody else. */
const STILL = 10;

const isMeasured = process.platform === 'linux';
if (!isMeasured) process.stdout.write('no /proc here: memory before login is not measured\n');

let house: BuiltHouse;
beforeAll(async () => {
  house = await BuiltHouse.start({ apps: [...PORTS] });
  await house.mailbox(READER);
});
beforeEach(() => expect(house.ended()).toEqual([]));
afterAll(() => house?.stop());

function privateOctets(port: Port): number {
  const status = readFileSync(`/proc/${house.apps.get(port)?.pid}/status`, 'latin1');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Many of the same say `octets`, read nothing, and stay until nothing moves any more. @returns the most private memory seen */
async function crowd(port: Port, octets: Buffer): Promise<number> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => OctetClient.connect(house.ports[port])));
  for (const { socket } of clients) socket.pause();
  for (const client of clients) client.send(octets);
  const moved = (): number => clients.reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0);
  let most = 0;
  for (let still = 0, last = -1; still < STILL;) {
    most = Math.max(most, privateOctets(port));
    const now = moved();
    still = now === last ? still + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  for (const client of clients) client.drop();
  return most;
}

const repeated = (text: string): Buffer => Buffer.alloc(PUSHED, text);

const CROWDS: Readonly<Record<Port, readonly (readonly [string, Buffer])[]>> = {
  smtp: [
    ['pipeline and read nothing', repeated('NOOP\r\n')],
    ['never end a line', repeated('x')],
    ['never end a line of data', Buffer.concat([Buffer.from(ENVELOPE), repeated('x')])],
  ],
  pop3: [
    ['pipeline and read nothing', repeated('CAPA\r\n')],
    ['never end a password', Buffer.concat([Buffer.from('USER a\r\nPASS '), repeated('x')])],
  ],
  imap: [
    ['pipeline and read nothing', repeated('a CAPABILITY\r\n')],
    ['never end a line', repeated('x')],
    ['never end a literal', Buffer.from(`a LOGIN {8000+}\r\n${'x'.repeat(7_999)}`)],
    [
      'announce a literal of 4 GiB and send it',
      Buffer.concat([Buffer.from('a LOGIN {4294967295+}\r\n'), repeated('x')]),
    ],
    ['send literal behind literal', repeated('a LOGIN {8+}\r\nxxxxxxxx {8+}\r\nxxxxxxxx x\r\n')],
  ],
};

describe.runIf(isMeasured).each(PORTS)('%s', (port) => {
  test.for(CROWDS[port])('many that %s', async ([what, octets]) => {
    const before = privateOctets(port);
    const most = await crowd(port, octets);
    const mib = (count: number): number => Math.round(count / 1024 / 1024);
    process.stdout.write(`${port}, many that ${what}: ${mib(before)} MiB of its own, at most ${mib(most)} MiB\n`);
    expect(most).toBeLessThan(BOUND);
  });
});

test('and a normal client is served', async () => {
  const imap = await ImapTalk.login(house.ports.imap, READER);
  await imap.logout();
  expect(house.ended()).toEqual([]);
});
