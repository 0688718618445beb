import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSmtpHouse, until, type SmtpHouse } from './smtp-house.ts';

const AWAY = '451 4.3.0 temporary failure, try again later';

/** Stands between the app and its database: can cut every connection and refuse new ones. */
class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target = { host: '', port: 0 };
  #cut = false;

  constructor() {
    this.#server = createServer((near) => {
      if (this.#cut) return void near.destroy();
      const far = connect(this.#target);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
  }

  /** The same URL through this cable. */
  async through(url: string): Promise<string> {
    const changed = new URL(url);
    this.#target = { host: changed.hostname, port: Number(changed.port) };
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    changed.port = String((this.#server.address() as AddressInfo).port);
    changed.hostname = '127.0.0.1';
    return changed.href;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

let house: SmtpHouse;
const cable = new Cable();
beforeAll(async () => {
  house = await startSmtpHouse({ databaseUrl: (url) => cable.through(url) });
  await house.directory.domain('example.org');
  await house.directory.mailbox('alice@example.org');
});
afterAll(async () => {
  await house.close();
  cable.close();
});

const count = async (table: string): Promise<number> => {
  const [row] = await house.rows<{ count: number }>(`select count(*)::int as count from ${table}`);
  return row?.count ?? -1;
};

describe('the database goes away', () => {
  test('before RCPT: 451, and the same session goes on when it is back', async () => {
    const talk = await SmtpTalk.open(house.port, 'client.example');
    expect(await talk.mail('a@b.example', ['alice@example.org'], 'Subject: before\r\n')).toMatch(/^250/);
    cable.cut();
    expect(
      await talk.envelope('a@b.example', ['alice@example.org', 'nobody@example.org', 'x@relay.example', 'postmaster']),
    ).toEqual(['250 2.1.0 sender ok', AWAY, AWAY, AWAY, AWAY]);
    cable.mend();
    expect(await talk.say('RCPT TO:<alice@example.org>')).toBe('250 2.1.5 recipient ok');
    expect(await talk.data('Subject: after\r\n')).toMatch(/^250/);
    await talk.quit();
    expect(await count('message')).toBe(2);
  });

  test.each([100, 3 * 1024 * 1024])(
    'between RCPT and the end of data (%i octets): 451, nothing stored',
    async (octets) => {
      const before = await count('message');
      const talk = await SmtpTalk.open(house.port, 'client.example');
      await talk.envelope('a@b.example', ['alice@example.org']);
      cable.cut();
      expect(await talk.data(Buffer.alloc(octets, 'a line of text\r\n'))).toBe(AWAY);
      cable.mend();
      expect(await count('message')).toBe(before);
      expect(await talk.mail('a@b.example', ['alice@example.org'], 'Subject: again\r\n')).toMatch(/^250/);
      expect(await count('message')).toBe(before + 1);
      await talk.quit();
    },
  );

  test('in the middle of a large message: 451; its pending rows are never seen and can be swept', async () => {
    const before = await count(`message where state = 'accepted'`);
    const talk = await SmtpTalk.open(house.port, 'client.example');
    await talk.envelope('a@b.example', ['alice@example.org']);
    await talk.say('DATA');
    await talk.client.send(Buffer.alloc(2 * 1024 * 1024, 'a line of text\r\n'));
    await until(async () => ((await count('message_chunk')) > 0 ? true : undefined));
    cable.cut();
    await talk.client.send(Buffer.alloc(2 * 1024 * 1024, 'a line of text\r\n'));
    await talk.client.send('.\r\n');
    expect(await talk.reply()).toBe(AWAY);
    cable.mend();
    expect(await talk.say('NOOP')).toMatch(/^250/);
    expect(await count(`message where state = 'accepted'`)).toBe(before);
    expect(await count(`delivery d join message m on m.id = d.message_id where m.state = 'pending'`)).toBe(0);
    await talk.quit();
  });

  test('under load: what got 250 is there once, what got 451 is absent', async () => {
    const before = await count(`message where state = 'accepted'`);
    const talks = await Promise.all(Array.from({ length: 20 }, () => SmtpTalk.open(house.port, 'client.example')));
    const told: string[] = [];
    const load = talks.map(async (talk) => {
      for (let mail = 0; mail < 10; mail++) {
        const replies = await talk.envelope('a@b.example', ['alice@example.org']);
        const last = replies.includes(AWAY) ? AWAY : await talk.data('Subject: load\r\n');
        told.push(last);
        if (told.length === 60) cable.cut();
        if (told.length === 100) cable.mend();
        await talk.say('RSET');
      }
      await talk.quit();
    });
    await Promise.all(load);
    const accepted = told.filter((reply) => reply.startsWith('250 2.0.0 queued as ')).map((reply) => reply.slice(20));
    expect(told.filter((reply) => reply !== AWAY && !reply.startsWith('250 '))).toEqual([]);
    expect(told).toContain(AWAY);
    expect(new Set(accepted).size).toBe(accepted.length);
    const stored = await count(`message where state = 'accepted'`);
    // A commit whose answer was cut off may have happened; it was answered 451, and the sender tries again.
    expect(stored).toBeGreaterThanOrEqual(before + accepted.length);
    expect(stored).toBeLessThan(before + 200);
    expect(await count('delivery')).toBe(stored);
  });
});

test('the app starts while its database is away, and serves when it comes', async () => {
  const away = new Cable();
  const late = await startSmtpHouse({
    databaseUrl: async (url) => {
      const through = await away.through(url);
      away.cut();
      return through;
    },
  });
  await late.directory.domain('example.org');
  await late.directory.mailbox('alice@example.org');
  const talk = await SmtpTalk.open(late.port, 'client.example');
  expect(await talk.envelope('a@b.example', ['alice@example.org'])).toEqual(['250 2.1.0 sender ok', AWAY]);
  away.mend();
  expect(await talk.say('RCPT TO:<alice@example.org>')).toBe('250 2.1.5 recipient ok');
  await talk.quit();
  await late.close();
  away.close();
});
