/** Names and passwords over sockets, as people and programs write them: POP3 and IMAP alike. */
import { showId } from '#domain';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectHouse } from '../../apps/cli/src/open-house.ts';
import { run } from '../../apps/cli/src/run.ts';
import { fakeTerminal } from '../../apps/cli/src/terminal.spec-helper.ts';
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

describe('locked out, and let in again by the operator', () => {
  const LOCKED = '-ERR [SYS/TEMP] too many failed logins, try again later';
  const EMPTY = '+OK 0 messages (0 octets)';
  const word = async (...args: string[]) => {
    const terminal = fakeTerminal();
    const code = await run(args, terminal, { open: async () => connectHouse(pop3House.db.ownerUrl) });
    return { code, out: terminal.printed, err: terminal.complained };
  };
  const tries = async (app: RunningApp, login: string, password: string): Promise<string> => {
    const client = await Pop3Client.connect(app.port);
    const answer = await client.loggedIn(login, password);
    await client.ask('QUIT');
    return answer;
  };
  /** Until it is so: a ring takes its time. */
  const opens = async (app: RunningApp, login: string): Promise<void> => {
    while ((await tries(app, login, PASSWORD)) !== EMPTY) await new Promise((resolve) => setImmediate(resolve));
  };

  test('an account, in every process, from networks that it knows and others; and the client itself', async () => {
    const other = await pop3House.start();
    const { address, mailboxId } = await pop3House.mailbox();
    const shown = showId('mbx', mailboxId);
    await pop3House.db.owner.query('delete from auth_failure');
    for (let count = 0; count < 5; count++) await tries(pop3, address, 'wrong');
    for (const app of [pop3, other]) expect(await tries(app, address, PASSWORD)).toBe(LOCKED);
    const list = await word('login-failures', address.toUpperCase());
    expect(list.out[1]).toMatch(new RegExp(`^${address} +networks it does not know +5 +locked +20`));
    expect(await word('unlock', shown)).toEqual({ code: 0, out: [`unlocked ${address}`], err: [] });
    await opens(pop3, address);
    await opens(other, address);
    // From now on the account knows the network.
    for (const app of [pop3, other]) for (let count = 0; count < 3; count++) await tries(app, address, 'wrong');
    const [row] = (await word('login-failures', shown, '--json')).out.map((line) => JSON.parse(line) as object);
    expect(row).toMatchObject({ login: address, mailbox: shown, network: '127.0.0.0/24', failures: 5, locked: true });
    await word('unlock', address);
    await opens(pop3, address);
    await opens(other, address);

    for (let count = 0; count < 4; count++)
      for (let name = 0; name < 6; name++) await tries(name % 2 ? pop3 : other, `x${name}@example.org`, 'wrong');
    const stranger = await pop3House.mailbox();
    expect(await tries(other, stranger.address, PASSWORD)).toBe(LOCKED);
    const all = await word('login-failures');
    expect(all.out.join('\n')).toMatch(/^any that does not know it +127\.0\.0\.1 +2\d +locked/m);
    expect(all.out.join('\n')).toMatch(/^x3@example\.org \(no mailbox\) +anywhere +\d +\d left/m);
    expect((await word('unlock', stranger.address)).err).toEqual([
      '127.0.0.1 is locked out of accounts that do not know it: posthouse unlock 127.0.0.1',
    ]);
    expect((await word('unlock', '127.0.0.1')).out).toEqual(['unlocked 127.0.0.1']);
    await opens(pop3, stranger.address);
    await opens(other, stranger.address);
    expect(await word('unlock', 'x3@example.org')).toMatchObject({ code: 0, out: ['unlocked x3@example.org'] });
    expect(await word('login-failures', 'x3@example.org')).toMatchObject({ code: 0, out: [] });
    await other.context.close();
  });

  test.each([
    ['unlock nobody@example.org', 3, 'there is no mailbox nobody@example.org, and no failed login of it'],
    [`unlock ${showId('mbx', '0190a0b0-0000-7000-8000-000000000000')}`, 3, 'there is no mailbox "mbx_'],
    ['unlock nonsense', 2, '"nonsense" is no address'],
    ['unlock 2001:db8::1', 0, ''],
    ['login-failures 192.0.2.1', 0, 'no failed login is counted'],
  ])('%s', async (line, code, words) => {
    const answer = await word(...line.split(' '));
    expect({ code: answer.code, words: answer.err.join() }).toEqual({ code, words: expect.stringContaining(words) });
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
