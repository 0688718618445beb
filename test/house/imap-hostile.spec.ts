/** Bad input and bad luck: the exact answer, and the server lives on. */
import { showId } from '#domain';
import { LineClient } from '#testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ImapHouse, ImapTalk, PASSWORD, type Mailbox, type RunningApp } from './imap.spec-helper.ts';
import { until } from './smtp-house.ts';

let imap: ImapHouse;
let app: RunningApp;
let box: Mailbox;
beforeAll(async () => {
  imap = await ImapHouse.open();
  app = await imap.start();
  box = await imap.mailbox();
});
afterAll(async () => {
  await app.context.close();
  await imap.db.drop();
});
/** Whatever was done, a normal client is served. */
afterEach(async () => {
  const talk = await ImapTalk.login(app.port, box, 'INBOX');
  await talk.ok('NOOP');
  await talk.ok('LOGOUT');
});

async function connect(): Promise<LineClient> {
  const client = await LineClient.connect(app.port);
  await client.line();
  return client;
}

describe('before login', () => {
  test('binary junk', async () => {
    const client = await connect();
    // Every octet there is, 20 line ends among them, and nothing behind the last one.
    const junk = Buffer.from(Array.from({ length: 20 * 256 }, (_, at) => ((at + 39) * 7) & 0xff));
    expect(junk.at(-1)).toBe(0x0a);
    await client.send(junk);
    expect(await client.rest()).toBe(
      `${'* BAD expected tag at octet 0\r\n'.repeat(20)}* BYE too many bad commands\r\n`,
    );
  });

  test('an endless line', async () => {
    const client = await connect();
    void client.send(`a LOGIN ${'x'.repeat(300_000)}`);
    expect(await client.rest()).toBe('* BYE command line too long\r\n');
  });

  test('10,000 unknown commands', async () => {
    const client = await connect();
    void client.send(Array.from({ length: 10_000 }, (_, at) => `a${at} X\r\n`).join(''));
    const lines = (await client.rest()).split('\r\n');
    expect(lines).toHaveLength(22);
    expect(lines.at(-2)).toBe('* BYE too many bad commands');
  });

  test('a password of 40,000 characters', async () => {
    const long = 'p'.repeat(40_000);
    const client = await connect();
    await client.send(`a1 LOGIN ${box.address} ${long}\r\n`);
    expect(await client.line()).toBe('a1 BAD command line too long');
    await client.send(`a2 LOGIN ${box.address} {40000}\r\n`);
    expect(await client.line()).toBe('a2 BAD [TOOBIG] literal too large');
    await client.send(`a3 AUTHENTICATE PLAIN\r\n`);
    expect(await client.line()).toBe('+ ');
    await client.send(`${Buffer.from(`\0${box.address}\0${long.slice(0, 10_000)}`).toString('base64')}\r\n`);
    expect(await client.line()).toBe('a3 NO [AUTHENTICATIONFAILED] wrong user or password');
    await client.send(`a4 AUTHENTICATE PLAIN\r\n`);
    expect(await client.line()).toBe('+ ');
    await client.send(`${'A'.repeat(30_000)}\r\n`);
    expect(await client.line()).toBe('a4 BAD line too long');
    await client.send('a5 NOOP\r\n');
    expect(await client.line()).toBe('a5 OK done');
    client.reset();
  });

  test('an octet at a time', async () => {
    const client = await connect();
    for (const octet of Buffer.from(`a LOGIN {${box.address.length}+}\r\n${box.address} "${PASSWORD}"\r\nb NOOP\r\n`))
      await client.send(Buffer.of(octet));
    expect(await client.line()).toMatch(/^a OK /);
    expect(await client.line()).toBe('b OK done');
    client.reset();
  });

  test('half a literal, then silence', async () => {
    const own = await imap.start({ POSTHOUSE_IMAP_IDLE_SECONDS: '1' });
    const client = await LineClient.connect(own.port);
    await client.line();
    await client.send('a LOGIN {20+}\r\nhalf');
    expect(await client.rest()).toBe('* BYE no login in time\r\n');
    await own.context.close();
  });

  test('a disabled account, and one that is guessed at', async () => {
    const off = await imap.mailbox(undefined, { state: 'disabled' });
    const client = await connect();
    await client.send(`a LOGIN ${off.address} "${PASSWORD}"\r\n`);
    expect(await client.line()).toBe('a NO [CONTACTADMIN] the account is disabled');
    const guessed = await imap.mailbox();
    for (let at = 0; at < 5; at++) {
      await client.send(`b LOGIN ${guessed.address} guess${at}\r\n`);
      expect(await client.line()).toBe('b NO [AUTHENTICATIONFAILED] wrong user or password');
    }
    await client.send(`c LOGIN ${guessed.address} "${PASSWORD}"\r\n`);
    expect(await client.line()).toBe('c NO [UNAVAILABLE] too many failed logins, try again later');
    client.reset();
    await imap.db.owner.query('delete from auth_failure');
  });
});

test('no log line holds a password, whatever was done with it', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const own = await imap.start({}, log);
  const talk = await ImapTalk.open(own.port);
  await talk.say(`LOGIN ${box.address} secret-one`);
  await talk.say(`LOGIN ${box.address} secret-two secret-three`);
  await talk.say(`AUTHENTICATE PLAIN ${Buffer.from(`\0${box.address}\0secret-four`).toString('base64')}`);
  await talk.say(`AUTHENTICATE LOGIN c2VjcmV0LWZpdmU=`);
  await talk.ok(`LOGIN ${box.address} "${PASSWORD}"`);
  await talk.ok('LOGOUT');
  await own.context.close();
  expect(lines.join('')).not.toMatch(/secret|c2VjcmV0|correct horse/);
  expect(lines.some((line) => line.includes('"msg":"login"') && line.includes(showId('mbx', box.mailboxId)))).toBe(
    true,
  );
});

describe('after login', () => {
  test('100 bad commands in a row', async () => {
    const talk = await ImapTalk.login(app.port, box);
    await talk.client.send('x BAD\r\n'.repeat(99));
    await talk.client.send('y NOOP\r\n');
    await talk.client.send('x BAD\r\n'.repeat(101));
    const lines = (await talk.client.rest()).split('\r\n');
    expect(lines.filter((line) => line.startsWith('x BAD'))).toHaveLength(199);
    expect(lines.at(-2)).toBe('* BYE too many bad commands');
  });

  test('half a literal, then silence', async () => {
    const own = await imap.start({ POSTHOUSE_IMAP_IDLE_SECONDS: '1' });
    const talk = await ImapTalk.login(own.port, box);
    await talk.client.send('a APPEND INBOX {1000}\r\n');
    expect(await talk.response()).toBe('+ go ahead');
    await talk.client.send('half');
    expect(await talk.client.rest()).toBe('* BYE silent for too long\r\n');
    await own.context.close();
  });

  test('half a large message, then a lost client', async () => {
    const talk = await ImapTalk.login(app.port, box);
    await talk.client.send(`a APPEND INBOX {5000000}\r\n`);
    await talk.response();
    await talk.client.send(Buffer.alloc(2_000_000, 'x'));
    await until(async () => ((await pending()) > 0 ? true : undefined));
    talk.client.reset();
    await until(async () => ((await pending()) === 0 ? true : undefined));
    expect(await imap.store.status(box, 'INBOX' as never)).toMatchObject({ messages: 0 });
  });

  test('names that mean something to JavaScript', async () => {
    const talk = await ImapTalk.login(app.port, box);
    for (const name of ['__proto__', 'constructor', '__proto__/toString', 'hasOwnProperty']) {
      await talk.ok(`CREATE ${name}`);
      expect(await talk.append(name, Buffer.from('Subject: x\r\n\r\n'))).toMatch(/^OK \[APPENDUID/);
      expect(await talk.ok(`STATUS ${name} (MESSAGES)`)).toEqual([`* STATUS ${name} (MESSAGES 1)`]);
    }
    await talk.ok('SELECT __proto__');
    await talk.ok('STORE 1 +FLAGS (__proto__ constructor)');
    expect((await talk.ok('SEARCH KEYWORD __proto__')).at(0)).toBe('* SEARCH 1');
    expect(await talk.ok('LIST "" __proto__*')).toHaveLength(2);
    expect(await talk.ok('ID ("__proto__" "x")')).toHaveLength(1);
    await talk.ok('LOGOUT');
  });

  test('nesting and length', async () => {
    const talk = await ImapTalk.login(app.port, box, 'INBOX');
    const deep = (depth: number): string => `SEARCH ${'('.repeat(depth)}ALL${')'.repeat(depth)}`;
    expect((await talk.say(deep(999))).at(-1)).toBe('OK searched');
    expect((await talk.say(deep(1000))).at(-1)).toMatch(/^NO \[LIMIT\] expected at most 1000 search keys/);
    expect((await talk.say(`SEARCH ${'OR FROM "a@b" '.repeat(400)}FROM "c@d"`)).at(-1)).toBe('OK searched');
    expect((await talk.say(`SEARCH ${'NOT OR SEEN '.repeat(333)}SEEN`)).at(-1)).toBe('OK searched');
    expect((await talk.say(`UID FETCH ${'1,'.repeat(30_000)}1 UID`)).at(-1)).toMatch(
      /^NO \[LIMIT\] expected at most 16384/,
    );
    expect((await talk.say(`SELECT ${'x'.repeat(70_000)}`)).at(-1)).toBe('BAD command line too long');
    expect((await talk.say(`CREATE ${'x/'.repeat(30)}x`)).at(-1)).toBe('NO [CANNOT] no folder can have this name');
    expect((await talk.say(`LIST "" ${'%*'.repeat(400)}`)).at(-1)).toBe('OK listed');
    await talk.ok('LOGOUT');
  });
});

async function pending(): Promise<number> {
  const { rows } = await imap.db.owner.query<{ count: string }>(`select count(*) from message where state = 'pending'`);
  return Number(rows[0]?.count);
}

describe('database trouble', () => {
  const kill = (): Promise<unknown> =>
    imap.db.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'posthouse_imap'`,
    );

  test('a connection that is killed under a command: NO, and the session lives on', async () => {
    const talk = await ImapTalk.login(app.port, box, 'INBOX');
    const lock = await imap.db.owner.connect();
    await lock.query('begin');
    await lock.query('lock table folder in access exclusive mode');
    await talk.send('STATUS Sent (MESSAGES)');
    await until(async () => {
      const { rows } = await lock.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length > 0 ? true : undefined;
    });
    await kill();
    expect(await talk.until()).toEqual(['NO [UNAVAILABLE] temporary failure, try again later']);
    await lock.query('rollback');
    lock.release();
    await until(async () => ((await talk.say('SELECT INBOX')).at(-1)?.startsWith('OK') ? true : undefined));
    await talk.ok('LOGOUT');
  });

  test('an idling session goes on when the database comes back', async () => {
    const talk = await ImapTalk.login(app.port, box, 'INBOX');
    await talk.send('IDLE');
    await talk.response();
    await kill();
    await talk.client.send('DONE\r\n');
    expect(await talk.until()).toEqual(['OK awake']);
    await until(async () => ((await talk.say('SEARCH ALL')).at(-1) === 'OK searched' ? true : undefined));
    await talk.ok('LOGOUT');
  });
});
