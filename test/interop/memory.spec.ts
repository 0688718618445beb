/** Private memory of the built apps under clients that never log in and want all of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { freePort, SmtpTalk } from '#testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BuiltHouse, DOMAIN } from './built.ts';
import { ImapTalk } from './imap-talk.ts';
import { Inspector } from './inspector.ts';
import { OctetClient } from './octet-client.ts';
import { Pop3Talk } from './pop3-talk.ts';

const PORTS = ['smtp', 'pop3', 'imap'] as const;
type Port = (typeof PORTS)[number];

const READER = `reader@${DOMAIN}`;
const ENVELOPE = `EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<${READER}>\r\nDATA\r\n`;

/** Octets that a connection may hold before login, whatever it is sent. */
const CAP = 512 * 1024;
/** Connections to the database that an app may have opened meanwhile. */
const POOL = 10;
/** Milliseconds between two looks. */
const LOOK = 100;
/** Looks without an octet that moved: then everybody waits for somebody else. */
const STILL = 10;

const isMeasured = process.platform === 'linux';
if (!isMeasured) process.stdout.write('no /proc here: memory before login is not measured\n');

type Crowd = readonly [what: string, clients: number, octets: Buffer];

const MIB = 1024 * 1024;
/** Their answers fill what the kernel holds of a connection, ten MiB; from there on the server would have to hold them. */
const unreading = (command: string): Crowd => ['pipeline and read nothing', 128, Buffer.alloc(4 * MIB, command)];
/** So many that garbage, which is the same for few and for many, is little for each. */
const endless = (what: string, start: string, fill = 'x'): Crowd => [
  what,
  512,
  Buffer.concat([Buffer.from(start), Buffer.alloc(MIB, fill)]),
];

const CROWDS: Readonly<Record<Port, readonly Crowd[]>> = {
  smtp: [unreading('HELP\r\n'), endless('never end a line', ''), endless('never end a line of data', ENVELOPE)],
  pop3: [unreading('CAPA\r\n'), endless('never end a password', 'USER a\r\nPASS ')],
  imap: [
    unreading('a CAPABILITY\r\n'),
    endless('never end a line', ''),
    ['never end a literal', 512, Buffer.from(`a LOGIN {8000+}\r\n${'x'.repeat(7_999)}`)],
    endless('announce a literal of 4 GiB and send it', 'a LOGIN {4294967295+}\r\n'),
    endless('send literal behind literal', '', 'a LOGIN {8+}\r\nxxxxxxxx {8+}\r\nxxxxxxxx x\r\n'),
  ],
};

interface Memory {
  /** Octets that JavaScript holds. */
  readonly alive: number;
  /** Octets of the process: what V8 and libc have not given back is in them. */
  readonly pages: number;
}

/** Somebody who does as the protocol says. */
const ORDINARY: Readonly<Record<Port, (port: number) => Promise<void>>> = {
  async smtp(port) {
    const talk = await SmtpTalk.open(port, 'client.example');
    expect(await talk.mail('a@client.example', [READER], 'Subject: hello\r\n\r\n')).toMatch(/^250 /);
    await talk.quit();
  },
  async pop3(port) {
    await (await Pop3Talk.open(port, READER)).quit();
  },
  async imap(port) {
    await (await ImapTalk.login(port, READER)).logout();
  },
};

describe.runIf(isMeasured).each(PORTS)('%s', (port) => {
  let house: BuiltHouse;
  let inspector: Inspector;
  beforeAll(async () => {
    const inspected = await freePort();
    house = await BuiltHouse.start({
      apps: [port],
      settings: { NODE_OPTIONS: `--inspect=127.0.0.1:${inspected}` },
    });
    await house.mailbox(READER);
    inspector = await Inspector.open(inspected);
    // Modules that are loaded late and code that is compiled late belong to no connection.
    await ORDINARY[port](house.ports[port]);
    for (const [, clients, octets] of CROWDS[port].slice(0, 1)) await crowd(clients, octets);
  });
  beforeEach(() => expect(house.ended()).toEqual([]));
  afterAll(async () => {
    inspector?.close();
    await house?.stop();
  });

  /** What is there when the garbage is gone. */
  async function memory(): Promise<Memory> {
    const alive = await inspector.alive();
    return { alive, pages: pages() };
  }

  /** Open files and sockets. */
  const descriptors = (): number => readdirSync(`/proc/${house.apps.get(port)?.pid}/fd`).length;

  /** Octets of private memory. */
  const pages = (): number => {
    const status = readFileSync(`/proc/${house.apps.get(port)?.pid}/status`, 'latin1');
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  };

  /** Many of the same say `octets`, read nothing, and stay until nothing moves any more. */
  async function crowd(count: number, octets: Buffer): Promise<{ held: Memory; most: number }> {
    const open = descriptors();
    const clients = await Promise.all(Array.from({ length: count }, () => OctetClient.connect(house.ports[port])));
    for (const { socket } of clients) socket.pause();
    for (const client of clients) client.send(octets);
    const moved = (): number =>
      clients.reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0);
    let most = 0;
    for (let still = 0, last = -1; still < STILL;) {
      most = Math.max(most, pages());
      const now = moved();
      still = now === last ? still + 1 : 0;
      last = now;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    const held = await memory();
    for (const client of clients) client.drop();
    while (descriptors() > open + POOL) await new Promise((resolve) => setTimeout(resolve, LOOK));
    return { held, most };
  }

  test.for(CROWDS[port])('many that %s', async ([what, clients, octets]) => {
    const before = await memory();
    const { held, most } = await crowd(clients, octets);
    const each = {
      alive: Math.round((held.alive - before.alive) / clients),
      pages: Math.round((held.pages - before.pages) / clients),
    };
    const peak = Math.round((most - before.pages) / clients);
    process.stdout.write(
      `${port}, ${clients} that ${what}: octets of each, alive ${each.alive}, in pages ${each.pages}, with garbage at most ${peak}\n`,
    );
    expect(each.alive).toBeLessThan(CAP);
    expect(each.pages).toBeLessThan(CAP);
    await ORDINARY[port](house.ports[port]);
  });
});
