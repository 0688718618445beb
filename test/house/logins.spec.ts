/** Names and passwords over sockets, as people and programs write them: POP3 and IMAP alike. */
import { showId } from '#domain';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapHouse, ImapTalk } from './imap.spec-helper.ts';
import { PASSWORD, Pop3Client, Pop3House, type RunningApp } from './pop3.spec-helper.ts';

const MAILBOX = 'anna@bücher.example';

/** Ways to write it. A string of IMAP or POP3 is octets: here a character each. */
const SPELLINGS = [
  ['U-label', MAILBOX],
  ['A-label', 'anna@xn--bcher-kva.example'],
  ['mixed case', 'Anna@BÜCHER.Example'],
  ['A-label in mixed case', 'ANNA@XN--Bcher-KVA.example'],
].map(([form = '', login = '']) => [form, Buffer.from(login).toString('latin1')] as const);

const plain = (login: string, password = PASSWORD): string =>
  Buffer.from(`\0${login}\0${password}`, 'latin1').toString('base64');

let pop3House: Pop3House;
let imapHouse: ImapHouse;
let pop3: RunningApp;
let imap: RunningApp;
beforeAll(async () => {
  [pop3House, imapHouse] = await Promise.all([Pop3House.open(), ImapHouse.open()]);
  for (const house of [pop3House, imapHouse]) {
    await house.directory.domain('bücher.example');
    await house.mailbox(MAILBOX);
  }
  [pop3, imap] = await Promise.all([pop3House.start(), imapHouse.start()]);
});
afterAll(async () => {
  await Promise.all([pop3, imap].map(({ context }) => context.close()));
  await Promise.all([pop3House, imapHouse].map(({ db }) => db.drop()));
});

describe('POP3', () => {
  const EMPTY = '+OK 0 messages (0 octets)';

  test.for(SPELLINGS)('USER and AUTH PLAIN with the domain as %s', async ([, login]) => {
    const client = await Pop3Client.connect(pop3.port);
    expect(await client.loggedIn(login)).toBe(EMPTY);
    await client.ask('QUIT');
    const other = await Pop3Client.connect(pop3.port);
    expect(await other.ask(`AUTH PLAIN ${plain(login)}`)).toBe(EMPTY);
    await other.ask('QUIT');
  });

  test('no log line holds a password, whatever was done with it', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const own = await pop3House.start({}, log);
    const mailbox = await pop3House.mailbox();
    const client = await Pop3Client.connect(own.port);
    await client.ask('PASS secret-one');
    await client.loggedIn(mailbox.address, 'secret-two');
    await client.loggedIn(mailbox.address, 'secret three with spaces');
    await client.ask(`PASS ${'secret-four'.repeat(2_000)}`);
    await client.ask(`AUTH PLAIN ${plain(mailbox.address, 'secret-five')}`);
    await client.ask('AUTH PLAIN c2VjcmV0LXNpeA==');
    await client.ask('AUTH PLAIN');
    await client.ask(plain(mailbox.address, 'secret-seven'));
    await client.ask('APOP anna secret-eight');
    await client.ask('XSECRET secret-nine');
    expect(await client.loggedIn(mailbox.address)).toBe(EMPTY);
    await client.ask('QUIT');
    await own.context.close();
    expect(lines.join('')).not.toMatch(/secret|c2VjcmV0|correct horse/i);
    for (const password of ['secret-five', 'secret-seven'])
      expect(lines.join('')).not.toContain(plain(mailbox.address, password));
    const shown = showId('mbx', mailbox.mailboxId);
    expect(lines.some((line) => line.includes('"msg":"login"') && line.includes(`"mailbox":"${shown}"`))).toBe(true);
    const refused = lines.map((line) => JSON.parse(line) as object).find((line) => 'why' in line);
    expect(refused).toMatchObject({
      msg: 'login refused',
      login: mailbox.address,
      mailbox: shown,
      remote: '127.0.0.1',
    });
  });
});

describe('IMAP', () => {
  test.for(SPELLINGS)('LOGIN and AUTHENTICATE PLAIN with the domain as %s', async ([, login]) => {
    const talk = await ImapTalk.open(imap.port);
    expect((await talk.say(`LOGIN {${login.length}+}\r\n${login} "${PASSWORD}"`)).at(-1)).toMatch(/^OK \[CAPABILITY /);
    await talk.ok('LOGOUT');
    const other = await ImapTalk.open(imap.port);
    expect((await other.say(`AUTHENTICATE PLAIN ${plain(login)}`)).at(-1)).toMatch(/^OK \[CAPABILITY /);
    await other.ok('LOGOUT');
  });

  test('a refused login is in the log with its address and its mailbox, a session with the id that commands take', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const own = await imapHouse.start({}, log);
    const { address, mailboxId } = await imapHouse.mailbox();
    const talk = await ImapTalk.open(own.port);
    // Where no address was typed, it may have been the password.
    for (const typed of ['hunter2', 'NOBODY@example.test']) await talk.say(`LOGIN ${typed} wrong`);
    await talk.say(`LOGIN ${address.toUpperCase()} wrong`);
    await talk.ok(`LOGIN ${address} "${PASSWORD}"`);
    await talk.ok('LOGOUT');
    await own.context.close();
    const mailbox = showId('mbx', mailboxId);
    expect(lines.filter(({ why }) => why !== undefined)).toMatchObject([
      { msg: 'login refused', remote: '127.0.0.1' },
      { msg: 'login refused', login: 'nobody@example.test', remote: '127.0.0.1' },
      { msg: 'login refused', login: address, mailbox, remote: '127.0.0.1' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    for (const msg of ['login', 'session ended'])
      expect(lines.find((line) => line['msg'] === msg)).toMatchObject({ mailbox });
  });

  test('an address of 1,000 characters: the answer of any unknown one, in every form', async () => {
    const login = `${'a'.repeat(987)}@example.test`;
    expect(login).toHaveLength(1_000);
    const REFUSED = ['NO [AUTHENTICATIONFAILED] wrong user or password'];
    const talk = await ImapTalk.open(imap.port);
    expect(await talk.say(`LOGIN ${login} "${PASSWORD}"`)).toEqual(REFUSED);
    expect(await talk.say(`LOGIN "${login}" "${PASSWORD}"`)).toEqual(REFUSED);
    expect(await talk.say(`LOGIN {1000+}\r\n${login} "${PASSWORD}"`)).toEqual(REFUSED);
    expect(await talk.say(`AUTHENTICATE PLAIN ${plain(login)}`)).toEqual(REFUSED);
    expect(await talk.ok('NOOP')).toEqual([]);
    await talk.ok('LOGOUT');
  });
});
