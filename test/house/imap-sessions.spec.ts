/** Several sessions of one mailbox, and what they tell each other. */
import { FLAG, type FolderName } from '#domain';
import { roleUrl, Config, House, silentLog, startApp } from '#runtime';
import { PgMailboxBell } from '#queue';
import { SmtpTalk } from '#testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_SESSIONS, POLL_SECONDS, STILL_HERE_POLLS } from '../../apps/imap/src/limits.ts';
import { SmtpModule } from '../../apps/smtp/src/smtp.module.ts';
import { WorkerModule } from '../../apps/worker/src/worker.module.ts';
import { ImapHouse, ImapTalk, PASSWORD, type Mailbox, type RunningApp } from './imap.spec-helper.ts';
import { until } from './smtp-house.ts';

const message = (number: number): string => `Subject: message ${number}\r\n\r\nbody ${number}\r\n`;

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
  for (let number = 1; number <= 5; number++) await imap.put(box, message(number));
});
afterEach(() => {
  for (const talk of open.splice(0)) talk.client.reset();
});

async function login(select?: string): Promise<ImapTalk> {
  const talk = await ImapTalk.login(app.port, box, select);
  open.push(talk);
  return talk;
}

/** Without RECENT: which of two sessions has the recent messages is a matter of who came first. */
const unrecent = (lines: readonly string[]): string[] => lines.filter((line) => !line.endsWith(' RECENT'));

/** What answers a FETCH, without news: whether the bell was heard by then is a matter of time. */
const answered = (lines: readonly string[]): string[] => lines.filter((line) => /FETCH|^(OK|NO|BAD)/.test(line));

/** Rings as the worker does. */
async function ring(): Promise<void> {
  const url = roleUrl(imap.db.ownerUrl, 'posthouse_worker');
  const bell = new PgMailboxBell({ connectionString: url }, silentLog());
  bell.ring([box.mailboxId]);
  await bell.close();
}

/** As another process does; no bell is rung. */
async function expunge(...uids: readonly number[]): Promise<void> {
  const inbox = await imap.store.status(box, 'INBOX' as FolderName);
  if (!inbox) return expect.fail('no INBOX');
  const set = uids.map((uid) => ({ first: uid, last: uid }));
  await imap.store.store(inbox, set, { mode: 'add', flags: FLAG.deleted, keywords: [] });
  expect([...(await imap.store.expunge(inbox, set)).uids]).toEqual(uids);
}

describe('message numbers', () => {
  test('stay what the client believes until it may be told', async () => {
    const [one, other] = await Promise.all([login('INBOX'), login('INBOX')]);
    await other.ok('STORE 2,4 +FLAGS.SILENT (\\Deleted)');
    expect(unrecent(await other.ok('EXPUNGE'))).toEqual(['* 4 EXPUNGE', '* 2 EXPUNGE']);
    await imap.put(box, message(6));
    expect(answered(await one.say('FETCH 3 UID'))).toEqual(['* 3 FETCH (UID 3)', 'OK fetched']);
    expect(answered(await one.say('FETCH 2:3 UID'))).toEqual([
      '* 3 FETCH (UID 3)',
      'OK [EXPUNGEISSUED] fetched, some of the messages are gone',
    ]);
    expect(answered(await one.ok('FETCH 5 UID'))).toEqual(['* 5 FETCH (UID 5)']);
    const news = await one.ok('NOOP');
    expect(news.filter((line) => line.endsWith('EXPUNGE'))).toEqual(['* 4 EXPUNGE', '* 2 EXPUNGE']);
    const fetched = await one.ok('FETCH 1:* UID');
    expect(fetched).toEqual([1, 3, 5, 6].map((uid, at) => `* ${at + 1} FETCH (UID ${uid})`));
  });

  const GONE = 'some of the messages are gone';
  test.for<[string, string]>([
    ['STORE 2:3 +FLAGS (\\Flagged)', `OK [EXPUNGEISSUED] stored, ${GONE}`],
    ['STORE 2:3 +FLAGS.SILENT (\\Flagged)', `OK [EXPUNGEISSUED] stored, ${GONE}`],
    ['STORE 2,4 +FLAGS.SILENT (\\Flagged)', `OK [EXPUNGEISSUED] stored, ${GONE}`],
    ['STORE 2,4 +FLAGS (\\Flagged)', `NO [EXPUNGEISSUED] ${GONE}`],
    ['STORE 1:* FLAGS (\\Seen)', `OK [EXPUNGEISSUED] stored, ${GONE}`],
    ['FETCH 1:* (FLAGS)', `OK [EXPUNGEISSUED] fetched, ${GONE}`],
    ['FETCH 2,4 (ENVELOPE)', `OK [EXPUNGEISSUED] fetched, ${GONE}`],
    ['SEARCH ALL', `OK [EXPUNGEISSUED] searched, ${GONE}`],
    ['SEARCH 2 UNSEEN', `OK [EXPUNGEISSUED] searched, ${GONE}`],
    ['STORE 3 +FLAGS (\\Flagged)', 'OK stored'],
  ])('%s where somebody else has expunged 2 and 4', async ([command, end]) => {
    const one = await login('INBOX');
    await expunge(2, 4);
    const lines = await one.say(command);
    expect(lines.at(-1)).toBe(end);
    expect(lines.filter((line) => /^\* [24] FETCH/.test(line))).toEqual([]);
    expect(unrecent(await one.ok('NOOP')).filter((line) => line.endsWith('EXPUNGE'))).toEqual([
      '* 4 EXPUNGE',
      '* 2 EXPUNGE',
    ]);
  });

  test('LOGOUT says BYE and nothing behind it', async () => {
    const one = await login('INBOX');
    await one.ok('FETCH 1 UID');
    await expunge(2);
    await imap.put(box, message(6));
    expect(await one.say('SEARCH ALL')).toContain('* SEARCH 1 3 4 5 6');
    expect(await one.ok('LOGOUT')).toEqual(['* BYE until next time']);
  });

  test.for([
    'FETCH 1 FLAGS',
    'FETCH 1 (UID FLAGS ENVELOPE)',
    'UID FETCH 1:2 (FLAGS)',
    'STORE 1 +FLAGS (\\Seen)',
    'FETCH 1 BODY[TEXT]',
  ])('a keyword that another session has just made is told before the flags that bear it: %s', async (command) => {
    const one = await login('INBOX');
    const inbox = await imap.store.status(box, 'INBOX' as FolderName);
    if (!inbox) return expect.fail('no INBOX');
    const keyword = `$New${command.length}`;
    await imap.store.store(inbox, [{ first: 1, last: 1 }], { mode: 'add', flags: 0, keywords: [keyword] });
    const lines = await one.ok(command);
    const bears = lines.findIndex((line) => line.includes('FETCH (') && line.includes(keyword));
    const tells = (what: string): number => lines.findIndex((line) => line.includes(what) && line.includes(keyword));
    expect(bears).toBeGreaterThan(0);
    for (const what of ['* FLAGS (', '[PERMANENTFLAGS (']) {
      expect(tells(what)).toBeGreaterThanOrEqual(0);
      expect(tells(what)).toBeLessThan(bears);
    }
    // Once is enough.
    expect((await one.ok('FETCH 1 FLAGS')).filter((line) => line.startsWith('* FLAGS'))).toEqual([]);
  });

  test('a search names numbers the client knows, and where it asks for UIDs is told what is gone behind them', async () => {
    const [one, other] = await Promise.all([login('INBOX'), login('INBOX')]);
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    expect((await one.ok('SEARCH ALL')).at(0)).toBe('* SEARCH 2 3 4 5');
    expect(unrecent(await one.ok('UID SEARCH ALL'))).toEqual(['* SEARCH 2 3 4 5', '* 1 EXPUNGE']);
    expect((await one.ok('SEARCH ALL')).at(0)).toBe('* SEARCH 1 2 3 4');
  });

  test.for<[string, string]>([
    ['UID SEARCH 2', '* SEARCH 2'],
    ['UID SEARCH 1', '* SEARCH'],
    ['UID SEARCH NOT 2:4', '* SEARCH'],
    ['UID SEARCH OR (2 UNSEEN) (4 UNSEEN)', '* SEARCH 2 4'],
    ['UID SEARCH UID 2', '* SEARCH 2'],
    ['UID SEARCH UID *', '* SEARCH 4'],
  ])('the numbers in %s are those that the client knew when it sent it', async ([command, found]) => {
    const one = await login('INBOX');
    await expunge(1, 5);
    expect(unrecent(await one.ok(command))).toEqual([found, '* 5 EXPUNGE', '* 1 EXPUNGE']);
    expect((await one.ok('UID SEARCH 2')).at(0)).toBe('* SEARCH 3');
  });

  test('SEARCH keeps EXPUNGE to itself, and takes * for the last UID that is there', async () => {
    const one = await login('INBOX');
    await expunge(5);
    expect(await one.ok('SEARCH UID *')).toEqual(['* SEARCH 4']);
    expect(await one.ok('SEARCH 3:*')).toEqual(['* SEARCH 3 4']);
    expect(unrecent(await one.ok('NOOP'))).toEqual(['* 5 EXPUNGE']);
  });

  test('a command that names UIDs alone is answered by the numbers told before it', async () => {
    const one = await login('INBOX');
    await expunge(1);
    expect(unrecent(await one.ok('UID FETCH 4:* UID'))).toEqual([
      '* 1 EXPUNGE',
      '* 3 FETCH (UID 4)',
      '* 4 FETCH (UID 5)',
    ]);
    await expunge(2);
    expect(unrecent(await one.ok('UID STORE 4:* +FLAGS (\\Flagged)'))).toEqual([
      '* 1 EXPUNGE',
      expect.stringMatching(/^\* 2 FETCH \(UID 4 FLAGS \(.*\\Flagged/),
      expect.stringMatching(/^\* 3 FETCH \(UID 5 FLAGS \(.*\\Flagged/),
    ]);
  });

  test('arrivals are there for a UID command that asks beyond', async () => {
    const one = await login('INBOX');
    await imap.put(box, message(6));
    expect(await one.ok('UID FETCH 6:* UID')).toEqual(['* 6 EXISTS', '* 6 RECENT', '* 6 FETCH (UID 6)']);
  });

  test('copies and moves of what another session took', async () => {
    const [one, other] = await Promise.all([login('INBOX'), login('INBOX')]);
    await one.ok('FETCH 1 UID');
    await other.ok('MOVE 1:2 Trash');
    expect((await one.say('UID MOVE 1:3 Archive')).filter((line) => line.includes('COPYUID'))).toEqual([
      '* OK [COPYUID 1 3 1] moved',
    ]);
    expect(await one.ok('FETCH 1:* UID')).toEqual(['* 1 FETCH (UID 4)', '* 2 FETCH (UID 5)']);
  });
});

describe('flags', () => {
  test('changed by another session are told with the next command, once', async () => {
    const [one, other] = await Promise.all([login('INBOX'), login('INBOX')]);
    await one.ok('FETCH 1 FLAGS');
    await other.ok('STORE 2 +FLAGS.SILENT (\\Flagged)');
    expect((await one.ok('NOOP')).filter((line) => line.includes('FETCH'))).toEqual([
      expect.stringMatching(/^\* 2 FETCH \(FLAGS \(\\Flagged/),
    ]);
    expect(await one.ok('NOOP')).toEqual([]);
  });

  test("one's own are not told twice", async () => {
    const one = await login('INBOX');
    await one.ok('STORE 1 +FLAGS (\\Seen)');
    await one.ok('FETCH 2 BODY[]');
    expect(await one.ok('NOOP')).toEqual([]);
  });

  test('\\Recent goes to one session', async () => {
    const [one, other] = await Promise.all([login('INBOX'), login('INBOX')]);
    await imap.put(box, message(6));
    await one.ok('NOOP');
    await other.ok('NOOP');
    const recent = await Promise.all([one.ok('SEARCH RECENT UID 6'), other.ok('SEARCH RECENT UID 6')]);
    expect(recent.flat().sort()).toEqual(['* SEARCH', '* SEARCH 6']);
  });
});

describe('IDLE', () => {
  test('wakes by the bell', { timeout: 20_000 }, async () => {
    const one = await login('INBOX');
    await one.send('IDLE');
    expect(await one.response()).toBe('+ idling');
    await imap.put(box, message(6));
    await ring();
    expect(await one.response()).toBe('* 6 EXISTS');
    expect(await one.response()).toBe('* 6 RECENT');
    const other = await login('INBOX');
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    expect(await one.response()).toMatch(/^\* 1 FETCH \(FLAGS \(\\Deleted/);
    await other.ok('EXPUNGE');
    expect(await one.response()).toBe('* 1 EXPUNGE');
    expect(await one.response()).toMatch(/RECENT$/);
    await one.client.send('DONE\r\n');
    expect(await one.until()).toEqual(['OK awake']);
  });

  test('a mail through the smtp and worker apps', { timeout: 60_000 }, async () => {
    const one = await login('INBOX');
    await one.send('IDLE');
    expect(await one.response()).toBe('+ idling');
    const config = Config.fromEnv({ POSTHOUSE_SMTP_PORT: '0', POSTHOUSE_DRAIN_SECONDS: '1' });
    const house = new House(config, imap.db.ownerUrl, silentLog());
    const apps = [await startApp(house, SmtpModule), await startApp(house, WorkerModule)];
    const smtp = await SmtpTalk.open(house.listeners['smtp'] ?? 0, 'client.example');
    await smtp.mail('bob@example.net', [box.address], message(6));
    expect(await one.response()).toBe('* 6 EXISTS');
    await one.response();
    await one.client.send('DONE\r\n');
    await one.until();
    const [got] = await one.ok('FETCH 6 BODY[]');
    expect(got).toContain(message(6));
    expect(got).toContain(`Delivered-To: ${box.address}`);
    await smtp.quit();
    for (const running of apps) await running.close();
  });

  test('what came before it is told at once', async () => {
    const one = await login('INBOX');
    await imap.put(box, message(6));
    await one.send('IDLE');
    expect(await one.response()).toBe('+ idling');
    expect(await one.response()).toBe('* 6 EXISTS');
  });
});

test('a new keyword is told to all sessions before the message that has it', async () => {
  const [one, other] = await Promise.all([login('INBOX'), login()]);
  await one.ok('FETCH 1 UID');
  expect((await other.ok('EXAMINE INBOX')).at(0)).toBe('* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)');
  await other.ok('SELECT INBOX');
  await other.ok('STORE 2 +FLAGS.SILENT ($Work)');
  expect(await one.ok('NOOP')).toEqual([
    '* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Work)',
    expect.stringMatching(/^\* OK \[PERMANENTFLAGS \(.* \$Work \\\*\)\]/),
    expect.stringMatching(/^\* 2 FETCH \(FLAGS \(.*\$Work\)\)$/),
  ]);
  await other.ok('STORE 3 +FLAGS.SILENT ($work)');
  expect(await one.ok('NOOP')).toEqual([expect.stringMatching(/^\* 3 FETCH/)]);
});

describe('folders that go', () => {
  test('another session deletes what is selected', async () => {
    const [one, other] = await Promise.all([login('Junk'), login()]);
    await other.ok('DELETE Junk');
    expect(await one.say('NOOP')).toEqual(['* BYE the selected folder was deleted']);
    expect(await one.client.line()).toBeUndefined();
  });

  test('another session renames what is selected: nothing happens', async () => {
    const [one, other] = await Promise.all([login('Junk'), login()]);
    await other.ok('RENAME Junk Spam');
    await imap.put(box, message(1), { folder: 'Spam' });
    expect(await one.ok('NOOP')).toEqual(['* 1 EXISTS', '* 1 RECENT']);
  });
});

test('an account has so many sessions and no more', async () => {
  const talks = await Promise.all(Array.from({ length: MAX_SESSIONS }, () => login()));
  const late = await ImapTalk.open(app.port);
  open.push(late);
  const attempt = `LOGIN ${box.address} "${PASSWORD}"`;
  expect(await late.say(attempt)).toEqual(['NO [LIMIT] too many sessions of this account']);
  expect(await late.say('SELECT INBOX')).toEqual(['BAD log in first']);
  await talks[0]?.ok('LOGOUT');
  expect(await talks[0]?.client.line()).toBeUndefined();
  expect((await late.say(attempt)).at(-1)).toMatch(/^OK/);
});

test('a client in IDLE that hears nothing else hears that we are still here', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const own = await imap.start();
  const [idling, silent] = await Promise.all([
    ImapTalk.login(own.port, box, 'INBOX'),
    ImapTalk.login(own.port, box, 'INBOX'),
  ]);
  await idling.send('IDLE');
  expect(await idling.response()).toBe('+ idling');
  const heard: (string | undefined)[] = [];
  void idling.response().then((line) => heard.push(line));
  let polls = 0;
  const [line] = await until(async () => {
    if (heard.length > 0) return heard;
    polls++;
    vi.advanceTimersByTime(POLL_SECONDS * 1_000);
    return undefined;
  });
  expect(line).toBe('* OK still here');
  expect(polls).toBeGreaterThanOrEqual(STILL_HERE_POLLS);
  await idling.client.send('DONE\r\n');
  expect(await idling.until()).toEqual(['OK awake']);
  expect(await silent.say('NOOP')).toEqual(['OK done']);
  await own.context.close();
  vi.useRealTimers();
});

test('at shutdown every session is told', async () => {
  const own = await imap.start();
  const idling = await ImapTalk.login(own.port, box, 'INBOX');
  await idling.send('IDLE');
  await idling.response();
  const silent = await ImapTalk.open(own.port);
  const closing = own.context.close();
  expect(await idling.response()).toMatch(/^\* BYE the server is shutting down/);
  expect(await silent.response()).toMatch(/^\* BYE the server is shutting down/);
  expect(await idling.response()).toBeUndefined();
  silent.client.socket.end();
  await closing;
});
