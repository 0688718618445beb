/** What a session can still do when its folder was deleted by another, or the database is away. */
import { Buffer } from 'node:buffer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { takeDatabase } from './database-away.spec-helper.ts';
import { ImapHouse, ImapTalk, type Mailbox, type RunningApp } from './imap.spec-helper.ts';
import { until } from './smtp-house.ts';

const MAIL = 'Subject: one\r\n\r\ntext\r\n';
const UNAVAILABLE = 'NO [UNAVAILABLE] temporary failure, try again later';
const GONE = '* BYE the selected folder was deleted';
const GOODBYE = ['* BYE until next time', 'OK logged out'];
const CAPABILITIES = [expect.stringMatching(/^\* CAPABILITY IMAP4rev1 /), 'OK these are my capabilities'];

let imap: ImapHouse;
let app: RunningApp;
let box: Mailbox;
const open: ImapTalk[] = [];
beforeAll(async () => {
  imap = await ImapHouse.open();
  app = await imap.start();
});
afterAll(async () => {
  await app.context.close();
  await imap.db.drop();
});
beforeEach(async () => {
  box = await imap.mailbox();
});
afterEach(() => {
  for (const talk of open.splice(0)) talk.client.reset();
});

async function login(select: string): Promise<ImapTalk> {
  const talk = await ImapTalk.login(app.port, box, select);
  open.push(talk);
  return talk;
}

/** Sessions that have heard the bell, by `move`, and have not looked yet: one that idles beside them has. */
async function rung(sessions: number, folder: string, move: string): Promise<ImapTalk[]> {
  const talks = await Promise.all(Array.from({ length: sessions }, () => login(folder)));
  const [witness, mover] = [await login(folder), await login('INBOX')];
  await witness.send('IDLE');
  expect(await witness.response()).toBe('+ idling');
  await mover.ok(move);
  expect(await witness.response()).toMatch(/^\* (BYE|1 FETCH)/);
  return talks;
}

describe('the selected folder was deleted by another session', () => {
  const deleted = async (sessions: number): Promise<ImapTalk[]> => {
    const setUp = await login('INBOX');
    await setUp.ok('CREATE Work');
    await imap.put(box, MAIL, { folder: 'Work' });
    return rung(sessions, 'Work', 'DELETE Work');
  };

  test('what has no need of it is done', async () => {
    const [one] = await deleted(1);
    if (!one) return expect.fail('no session');
    expect(await one.say('CAPABILITY')).toEqual(CAPABILITIES);
    expect(await one.say('LIST "" Work')).toEqual(['OK listed']);
    expect(await one.append('INBOX', Buffer.from(MAIL))).toMatch(/^OK \[APPENDUID 3 1\]/);
    expect((await one.say('STATUS INBOX (MESSAGES)')).at(-1)).toBe('OK counted');
    expect((await one.say('SELECT Work')).at(-1)).toBe('NO [NONEXISTENT] no such folder');
    expect((await one.say('SELECT INBOX')).at(-1)).toBe('OK [READ-WRITE] selected');
    expect(await one.say('FETCH 1 UID')).toEqual(['* 1 FETCH (UID 1)', 'OK fetched']);
  });

  test('it is left as any other', async () => {
    const [one, two, three, four] = await deleted(4);
    expect((await one?.say('EXAMINE INBOX'))?.at(-1)).toBe('OK [READ-ONLY] opened for reading');
    expect(await two?.say('UNSELECT')).toEqual(['OK closed, nothing expunged']);
    expect(await three?.say('CLOSE')).toEqual(['OK closed']);
    expect(await four?.say('LOGOUT')).toEqual(GOODBYE);
    expect(await four?.client.rest()).toBe('');
  });

  test('what needs it ends the session', async () => {
    const commands = ['FETCH 1 FLAGS', 'STORE 1 +FLAGS (\\Seen)', 'COPY 1 INBOX', 'EXPUNGE', 'SEARCH ALL', 'NOOP'];
    const talks = await deleted(commands.length);
    for (const [at, talk] of talks.entries()) {
      expect(await talk.say(commands[at] ?? ''), commands[at]).toEqual([GONE]);
    }
  });

  test('what was done before that came out is answered OK', async () => {
    const [one, other] = [await login('INBOX'), await login('INBOX')];
    await one.ok('CREATE Work');
    await one.ok('SELECT Work');
    await one.client.send(`x APPEND INBOX {${MAIL.length}}\r\n`);
    expect(await one.response()).toBe('+ go ahead');
    await other.ok('DELETE Work');
    await one.client.send(`${MAIL}\r\n`);
    expect(await one.response()).toBe('x OK [APPENDUID 3 1] appended');
    expect(await one.say('LOGOUT')).toEqual(GOODBYE);
  });
});

describe('the database is away', () => {
  test('what has no need of it is done, the rest is NO, and news come later', async () => {
    await imap.put(box, MAIL);
    const [one, two, three] = await rung(3, 'INBOX', 'STORE 1 +FLAGS.SILENT (\\Flagged)');
    if (!one || !two || !three) return expect.fail('no sessions');
    const giveBack = await takeDatabase(imap.db, 'posthouse_imap');
    expect(await one.say('CAPABILITY')).toEqual(CAPABILITIES);
    expect((await one.say('ID NIL')).at(-1)).toBe('OK pleased to meet you');
    expect((await one.say('NAMESPACE')).at(-1)).toBe('OK one namespace, your own');
    // RFC 3501 6.1.2, 6.4.1: these cannot fail.
    expect(await one.say('NOOP')).toEqual(['OK done']);
    expect(await one.say('CHECK')).toEqual(['OK done']);
    await one.send('IDLE');
    expect(await one.response()).toBe('+ idling');
    await one.client.send('DONE\r\n');
    expect(await one.until()).toEqual(['OK awake']);
    for (const command of ['FETCH 1 FLAGS', 'SEARCH ALL', 'EXPUNGE', 'LIST "" *', 'CLOSE']) {
      expect(await one.say(command), command).toEqual([UNAVAILABLE]);
    }
    expect(await two.say('UNSELECT')).toEqual(['OK closed, nothing expunged']);
    expect(await two.say('SELECT INBOX')).toEqual([UNAVAILABLE]);
    expect(await two.say('LOGOUT')).toEqual(GOODBYE);
    expect(await three.say('LOGOUT')).toEqual(GOODBYE);
    expect(await three.client.rest()).toBe('');
    await giveBack();
    const news = await until(async () => {
      const lines = await one.ok('NOOP');
      return lines.length > 0 ? lines : undefined;
    });
    expect(news).toEqual([expect.stringMatching(/^\* 1 FETCH \(FLAGS \(\\Flagged/)]);
  });
});
