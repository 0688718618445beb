/** POP3 against a real database: the lock, deletions, pipelining, large messages, trouble and the end. */
import { Buffer } from 'node:buffer';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { takeDatabase } from './database-away.spec-helper.ts';
import {
  bodyOf,
  PASSWORD,
  Pop3Client,
  Pop3House,
  stuffed,
  topOf,
  type Mailbox,
  type RunningApp,
} from './pop3.spec-helper.ts';

let pop3: Pop3House;
let app: RunningApp;
beforeAll(async () => {
  pop3 = await Pop3House.open();
  app = await pop3.start();
});
afterAll(async () => {
  await app.context.close();
  await pop3.db.drop();
});

async function mailboxWith(...bodies: readonly Buffer[]): Promise<{ mailbox: Mailbox; messages: Buffer[] }> {
  const mailbox = await pop3.mailbox();
  const messages: Buffer[] = [];
  for (const body of bodies) messages.push(await pop3.deliver(mailbox, body));
  return { mailbox, messages };
}

/** Counters as kept and as counted. */
async function counters({ mailboxId, folderId }: Mailbox) {
  const { rows } = await pop3.db.owner.query<Record<string, string>>(
    `select f.messages, f.octets, f.unseen, u.messages as used, u.octets as used_octets,
            (select count(*) from folder_message where folder_id = $2) as counted,
            (select coalesce(sum(octets), 0) from folder_message where folder_id = $2) as counted_octets,
            (select count(*) from tombstone where folder_id = $2) as tombstones
       from folder f join mailbox_usage u on u.mailbox_id = f.mailbox_id where f.id = $2 and f.mailbox_id = $1`,
    [mailboxId, folderId],
  );
  return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]));
}

describe('the lock', () => {
  test('of two sessions that log in at once one has the maildrop, the other hears IN-USE until the first has left', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100));
    const clients = await Promise.all([Pop3Client.connect(app.port), Pop3Client.connect(app.port)]);
    const answers = await Promise.all(clients.map((client) => client.loggedIn(mailbox.address)));
    expect(answers.toSorted()).toEqual(
      ['+OK 1 message (117 octets)', '-ERR [IN-USE] maildrop is open in another session'].toSorted(),
    );
    const [winner, loser] = answers[0]?.startsWith('+') ? clients : clients.toReversed();
    expect(await winner?.ask('QUIT')).toBe('+OK bye');
    // Free by the time the other client hears "bye".
    expect(await loser?.loggedIn(mailbox.address)).toBe('+OK 1 message (117 octets)');
    loser?.drop();
  });

  test('is free again after a dropped connection', async () => {
    const { mailbox } = await mailboxWith();
    (await Pop3Client.login(app.port, mailbox)).drop();
    const next = await Pop3Client.connect(app.port);
    await vi.waitFor(async () => expect(await next.loggedIn(mailbox.address)).toMatch(/^\+OK/));
    next.drop();
  });

  test('is free again when the client drops while it logs in', async () => {
    const { mailbox } = await mailboxWith();
    const hasty = await Pop3Client.connect(app.port);
    hasty.send(`USER ${mailbox.address}`, `PASS ${PASSWORD}`);
    await hasty.line();
    hasty.drop();
    const next = await Pop3Client.connect(app.port);
    await vi.waitFor(async () => expect(await next.loggedIn(mailbox.address)).toMatch(/^\+OK/));
    next.drop();
  });
});

describe('deletion', () => {
  test('a dropped connection deletes nothing', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100), bodyOf(200));
    const client = await Pop3Client.login(app.port, mailbox);
    client.send('DELE 1', 'DELE 2');
    expect([await client.line(), await client.line()]).toEqual(['+OK marked as deleted', '+OK marked as deleted']);
    client.drop();
    const next = await Pop3Client.connect(app.port);
    await vi.waitFor(async () =>
      expect(await next.loggedIn(mailbox.address)).toBe(`+OK 2 messages (${100 + 200 + 34} octets)`),
    );
    next.drop();
    expect(await counters(mailbox)).toMatchObject({ messages: 2, used: 2, counted: 2, tombstones: 0 });
  });

  test('QUIT deletes what was marked, counters and quota follow, and the bell rings for IMAP', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100), bodyOf(200), bodyOf(300));
    const listening = new pg.Client({ connectionString: pop3.db.ownerUrl });
    await listening.connect();
    await listening.query('listen posthouse_mailbox');
    const rung = new Promise<string | undefined>((resolve) =>
      listening.on('notification', ({ payload }) => resolve(payload)),
    );
    const client = await Pop3Client.login(app.port, mailbox);
    client.send('DELE 1', 'DELE 3', 'QUIT');
    expect(await client.rest()).toBe('+OK marked as deleted\r\n+OK marked as deleted\r\n+OK bye\r\n');
    const octets = 217;
    expect(await counters(mailbox)).toEqual({
      messages: 1,
      octets,
      unseen: 1,
      used: 1,
      used_octets: octets,
      counted: 1,
      counted_octets: octets,
      tombstones: 2,
    });
    expect(await rung).toBe(mailbox.mailboxId);
    await listening.end();
  });

  test('a session whose lease was taken deletes nothing', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100));
    const client = await Pop3Client.login(app.port, mailbox);
    await pop3.db.owner.query('update maildrop_lock set session_id = gen_random_uuid() where mailbox_id = $1', [
      mailbox.mailboxId,
    ]);
    expect(await client.ask('DELE 1')).toBe('+OK marked as deleted');
    expect(await client.ask('QUIT')).toBe('-ERR [SYS/TEMP] some deleted messages not removed');
    expect(await counters(mailbox)).toMatchObject({ messages: 1, counted: 1 });
    await pop3.db.owner.query('delete from maildrop_lock where mailbox_id = $1', [mailbox.mailboxId]);
  });

  test('a message expunged over IMAP meanwhile is gone, the others are not', async () => {
    const { mailbox, messages } = await mailboxWith(bodyOf(100), bodyOf(200));
    const client = await Pop3Client.login(app.port, mailbox);
    await pop3.db.owner.query('delete from folder_message where folder_id = $1 and uid = 1', [mailbox.folderId]);
    expect(await client.ask('RETR 1')).toBe('-ERR no such message');
    expect(await client.ask('RETR 2')).toBe('+OK 217 octets');
    expect(await client.block()).toEqual(stuffed(messages[1] ?? Buffer.alloc(0)));
    client.drop();
  });
});

describe('messages', () => {
  test('100 RETRs in one write come byte-identical and in order', async () => {
    const { mailbox, messages } = await mailboxWith(
      ...Array.from({ length: 100 }, (_, at) => bodyOf(300 + at * 97, at)),
    );
    const client = await Pop3Client.login(app.port, mailbox);
    client.send(...messages.map((_, at) => `RETR ${at + 1}`), 'QUIT');
    const expected = messages.map(
      (message) => `+OK ${message.length} octets\r\n${stuffed(message).toString('latin1')}.\r\n`,
    );
    expect(await client.rest()).toBe(`${expected.join('')}+OK bye\r\n`);
  });

  test('one by one, backwards, with gaps and again', async () => {
    const { mailbox, messages } = await mailboxWith(...Array.from({ length: 60 }, (_, at) => bodyOf(200 + at, at)));
    const client = await Pop3Client.login(app.port, mailbox);
    const order = [60, 59, 1, 2, 3, 3, 5, 7, 8, 9, 30, 31, 10, 11, ...Array.from({ length: 60 }, (_, at) => at + 1)];
    for (const number of order) {
      expect(await client.ask(`RETR ${number}`)).toBe(`+OK ${messages[number - 1]?.length} octets`);
      expect(await client.block(), `RETR ${number}`).toEqual(stuffed(messages[number - 1] ?? Buffer.alloc(0)));
    }
    client.drop();
  });

  test('one of 3 MiB comes byte-identical, and its top is cut', async () => {
    const { mailbox, messages } = await mailboxWith(bodyOf(3 * 1024 * 1024 + 77), bodyOf(500));
    const [large = Buffer.alloc(0), small = Buffer.alloc(0)] = messages;
    const client = await Pop3Client.login(app.port, mailbox);
    client.send('RETR 1', 'TOP 1 5', 'TOP 1 10000000', 'RETR 2');
    expect(await client.line()).toBe(`+OK ${large.length} octets`);
    expect((await client.block()).equals(stuffed(large))).toBe(true);
    expect(await client.line()).toBe('+OK top of message');
    expect(await client.block()).toEqual(stuffed(topOf(large, 5)));
    expect(await client.line()).toBe('+OK top of message');
    expect((await client.block()).equals(stuffed(large))).toBe(true);
    expect(await client.line()).toBe(`+OK ${small.length} octets`);
    expect(await client.block()).toEqual(stuffed(small));
    client.drop();
  });

  test('one that ends without CRLF gets one', async () => {
    const { mailbox, messages } = await mailboxWith(Buffer.from('Subject: x\r\n\r\nno end'));
    const client = await Pop3Client.login(app.port, mailbox);
    await client.ask('RETR 1');
    expect((await client.block()).toString()).toBe(`${messages[0]?.toString()}\r\n`);
    client.drop();
  });

  test('one whose octets are lost is answered SYS/TEMP before a word of it is sent', async () => {
    const { mailbox } = await mailboxWith(bodyOf(2 * 1024 * 1024));
    await pop3.db.owner.query(
      'delete from message_chunk where number = 0 and message_id = (select message_id from folder_message where folder_id = $1)',
      [mailbox.folderId],
    );
    const client = await Pop3Client.login(app.port, mailbox);
    expect(await client.ask('RETR 1')).toBe('-ERR [SYS/TEMP] cannot read the message now, try again later');
    expect(await client.ask('NOOP')).toBe('+OK nothing done');
    client.drop();
  });

  test('one that breaks off half-way ends the connection, never looks complete', async () => {
    const { mailbox } = await mailboxWith(bodyOf(2 * 1024 * 1024));
    await pop3.db.owner.query(
      'delete from message_chunk where number = 4 and message_id = (select message_id from folder_message where folder_id = $1)',
      [mailbox.folderId],
    );
    const client = await Pop3Client.login(app.port, mailbox);
    client.send('RETR 1');
    expect((await client.rest()).endsWith('\r\n.\r\n')).toBe(false);
  });
});

describe('bad input', () => {
  test('50 clients that dribble do not keep an honest one waiting', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100));
    const dribblers = await Promise.all(Array.from({ length: 50 }, () => Pop3Client.connect(app.port)));
    for (const octet of 'USER nob') for (const { socket } of dribblers) socket.write(octet);
    const client = await Pop3Client.login(app.port, mailbox);
    expect(await client.ask('RETR 1')).toBe('+OK 117 octets');
    client.drop();
    for (const dribbler of dribblers) dribbler.send('ody');
    for (const dribbler of dribblers) {
      expect(await dribbler.line()).toBe('+OK send PASS');
      dribbler.drop();
    }
  });

  test('2,000 short connections in a row, then an honest one', async () => {
    const { mailbox } = await mailboxWith();
    for (let at = 0; at < 2_000; at += 50) {
      await Promise.all(Array.from({ length: 50 }, async () => (await Pop3Client.connect(app.port)).drop()));
    }
    expect(await (await Pop3Client.login(app.port, mailbox)).ask('QUIT')).toBe('+OK bye');
  });

  test.for([
    ['a password of 10,000 characters', `PASS ${'x'.repeat(10_000)}`, '-ERR [AUTH] invalid user name or password'],
    ['a password with __proto__', 'PASS __proto__', '-ERR [AUTH] invalid user name or password'],
    ['a command of 10,000 characters', 'x'.repeat(10_000), '-ERR line too long'],
    ['a login line over every limit', `PASS ${'x'.repeat(40_000)}`, '-ERR line too long'],
    ['binary junk', '\0\xff\xfe\x80 \x01\x02', '-ERR unknown command'],
  ] as const)('%s', async ([, line, expected]) => {
    const { mailbox } = await mailboxWith();
    await pop3.wipe();
    const client = await Pop3Client.connect(app.port);
    expect(await client.ask(`USER ${mailbox.address}`)).toBe('+OK send PASS');
    expect(await client.ask(line)).toBe(expected);
    expect(await client.ask('NOOP')).toBe('-ERR log in first');
    client.drop();
  });

  test.for([
    ['an unknown domain', 'alice@nowhere.test', '-ERR [AUTH] invalid user name or password'],
    ['no address at all', '__proto__', '-ERR [AUTH] invalid user name or password'],
  ] as const)('a login name: %s', async ([, name, expected]) => {
    await pop3.wipe();
    const client = await Pop3Client.connect(app.port);
    expect(await client.loggedIn(name)).toBe(expected);
    client.drop();
  });

  test('a login name of 1,000 characters', async () => {
    const name = `${'a'.repeat(988)}@example.org`;
    const client = await Pop3Client.connect(app.port);
    expect(await client.ask(`USER ${name}`)).toBe('-ERR line too long');
    const plain = Buffer.from(`\0${name}\0${PASSWORD}`).toString('base64');
    expect(await client.ask(`AUTH PLAIN ${plain}`)).toBe('-ERR [AUTH] invalid user name or password');
    client.drop();
  });

  test('a login in mixed case is the same login', async () => {
    const { mailbox } = await mailboxWith();
    const client = await Pop3Client.connect(app.port);
    expect(await client.loggedIn(mailbox.address.toUpperCase())).toBe('+OK 0 messages (0 octets)');
    client.drop();
  });

  test('10,000 unknown commands end the connection after the fiftieth', async () => {
    const client = await Pop3Client.connect(app.port);
    client.send(...Array.from({ length: 10_000 }, () => 'HELO'));
    const answers = (await client.rest()).split('\r\n');
    expect(answers.slice(0, 49).every((answer) => answer === '-ERR unknown command')).toBe(true);
    expect(answers.slice(49)).toEqual(['-ERR too many bad commands, closing', '']);
  });

  test('a client that sends everything and closes its end gets every answer', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100));
    const client = await Pop3Client.connect(app.port);
    client.socket.end(`USER ${mailbox.address}\r\nPASS ${PASSWORD}\r\nSTAT\r\n`);
    expect(await client.rest()).toBe('+OK send PASS\r\n+OK 1 message (117 octets)\r\n+OK 1 117\r\n');
  });
});

describe('trouble', () => {
  test('the database away mid session: SYS/TEMP, and everything works again when it is back', async () => {
    const { mailbox, messages } = await mailboxWith(bodyOf(100), bodyOf(200));
    const other = await mailboxWith();
    const client = await Pop3Client.login(app.port, mailbox);
    const giveBack = await takeDatabase(pop3.db, 'posthouse_pop3');
    expect(await client.ask('RETR 1')).toBe('-ERR [SYS/TEMP] cannot read the message now, try again later');
    const late = await Pop3Client.connect(app.port);
    expect(await late.loggedIn(other.mailbox.address)).toBe(
      '-ERR [SYS/TEMP] cannot open the maildrop now, try again later',
    );
    await giveBack();
    expect(await client.ask('RETR 1')).toBe('+OK 117 octets');
    expect(await client.block()).toEqual(stuffed(messages[0] ?? Buffer.alloc(0)));
    expect(await late.loggedIn(other.mailbox.address)).toBe('+OK 0 messages (0 octets)');
    expect([await client.ask('DELE 2'), await client.ask('QUIT')]).toEqual(['+OK marked as deleted', '+OK bye']);
    expect(await counters(mailbox)).toMatchObject({ messages: 1, counted: 1 });
    late.drop();
  });

  test('passwords over plain connections only where configured', async () => {
    const strict = await pop3.start({ POSTHOUSE_PLAINTEXT_AUTH: 'never' });
    const client = await Pop3Client.connect(strict.port);
    expect(await client.ask('USER alice@example.org')).toBe('-ERR passwords are only taken over TLS');
    client.drop();
    await strict.context.close();
  });

  test('a silent session is closed without a word, deletes nothing and frees the maildrop', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100));
    const brief = await pop3.start({ POSTHOUSE_POP3_IDLE_SECONDS: '1' });
    const client = await Pop3Client.login(brief.port, mailbox);
    expect(await client.ask('DELE 1')).toBe('+OK marked as deleted');
    expect(await client.rest()).toBe('');
    expect(await counters(mailbox)).toMatchObject({ messages: 1 });
    await brief.context.close();
    expect(await (await Pop3Client.login(app.port, mailbox)).ask('QUIT')).toBe('+OK bye');
  });
});

describe('the end', () => {
  test('shutting down tells every session, deletes nothing and frees every maildrop', async () => {
    const { mailbox } = await mailboxWith(bodyOf(100));
    const leaving = await pop3.start();
    const clients = [await Pop3Client.login(leaving.port, mailbox), await Pop3Client.connect(leaving.port)];
    expect(await clients[0]?.ask('DELE 1')).toBe('+OK marked as deleted');
    const closing = leaving.context.close();
    for (const client of clients) {
      expect(await client.rest()).toBe('-ERR [SYS/TEMP] server is going down, try again soon\r\n');
    }
    await closing;
    expect(await counters(mailbox)).toMatchObject({ messages: 1 });
    expect(await (await Pop3Client.login(app.port, mailbox)).ask('QUIT')).toBe('+OK bye');
  });

  test('a message under way is finished first', async () => {
    const { mailbox, messages } = await mailboxWith(bodyOf(8 * 1024 * 1024), bodyOf(100));
    const leaving = await pop3.start();
    const client = await Pop3Client.login(leaving.port, mailbox);
    client.send('RETR 1', 'RETR 2');
    await client.line();
    const closing = leaving.context.close();
    expect((await client.block()).equals(stuffed(messages[0] ?? Buffer.alloc(0)))).toBe(true);
    expect(await client.rest()).toBe('-ERR [SYS/TEMP] server is going down, try again soon\r\n');
    await closing;
  });

  test('what was done is counted under verbs of ours only', async () => {
    const text = await app.house.metrics.text();
    const verbs = new Set(
      [...text.matchAll(/posthouse_command_seconds_count\{protocol="pop3",verb="(\w+)"/g)].map(([, verb]) => verb),
    );
    const known = new Set('USER PASS AUTH CAPA STAT LIST UIDL RETR TOP DELE RSET NOOP QUIT other'.split(' '));
    expect([...verbs].filter((verb) => !known.has(verb ?? ''))).toEqual([]);
    expect(verbs.has('RETR') && verbs.has('other')).toBe(true);
    expect(text).toContain('posthouse_command_seconds_count{protocol="pop3",verb="RETR",result="failed"}');
  });
});
