/** Bodies that are coming share the memory of the process: what has no room goes into chunks early, and reads like any other message. */
import { Buffer } from 'node:buffer';
import { BODY_BUDGET, Config, House, silentLog, startApp } from '#runtime';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ImapModule } from '../../apps/imap/src/imap.module.ts';
import { Pop3Module } from '../../apps/pop3/src/pop3.module.ts';
import { SmtpModule } from '../../apps/smtp/src/smtp.module.ts';
import { WorkerModule } from '../../apps/worker/src/worker.module.ts';
import { ImapHouse, ImapTalk, type Mailbox } from './imap.spec-helper.ts';
import { Pop3Client, stuffed } from './pop3.spec-helper.ts';
import { until } from './smtp-house.ts';

let imap: ImapHouse;
let house: House;
const closers: (() => Promise<void>)[] = [];
let box: Mailbox;
beforeAll(async () => {
  imap = await ImapHouse.open();
  const ports = { POSTHOUSE_SMTP_PORT: '0', POSTHOUSE_IMAP_PORT: '0', POSTHOUSE_POP3_PORT: '0' };
  house = new House(Config.fromEnv({ ...ports, POSTHOUSE_DRAIN_SECONDS: '2' }), imap.db.ownerUrl, silentLog());
  for (const app of [SmtpModule, WorkerModule, ImapModule, Pop3Module]) {
    const context = await startApp(house, app);
    closers.push(() => context.close());
  }
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  await imap.db.drop();
});
beforeEach(async () => {
  box = await imap.mailbox();
});

const port = (name: string): number => house.listeners[name] ?? 0;
const given = (): Promise<true> =>
  until(() => Promise.resolve(house.bodies.free === BODY_BUDGET ? (true as const) : undefined));

const text = (octets: number): Buffer => {
  const message = Buffer.alloc(octets, `${'.y'.repeat(36)}z\r\n`);
  message.write('Subject: of middling size\r\nTo: a@b\r\n\r\n');
  message.write('needle\r\n', octets - 8);
  return message;
};

const literal = (response: string | undefined): string => (response ?? '').replace(/^[^\r]*\r\n/, '').slice(0, -1);

async function chunksOf({ mailboxId }: Mailbox): Promise<{ whole: boolean; chunks: number }[]> {
  const { rows } = await imap.db.owner.query<{ whole: boolean; chunks: number }>(
    `select b.body is not null as whole,
            (select count(*)::int from message_chunk c where c.tenant_id = b.tenant_id and c.message_id = b.id) as chunks
       from folder_message m join message b on b.tenant_id = m.tenant_id and b.id = m.message_id
      where m.mailbox_id = $1 order by m.uid`,
    [mailboxId],
  );
  return rows;
}

test('with the budget used up a message of 600,000 octets goes into chunks, and every way of reading it is the same', async () => {
  const message = text(600_000);
  house.bodies.take(BODY_BUDGET);
  const talk = await ImapTalk.login(port('imap'), box, 'INBOX');
  expect(await talk.append('INBOX', message)).toMatch(/^OK/);
  const smtp = await SmtpTalk.open(port('smtp'), 'client.example');
  expect(await smtp.mail('s@client.example', [box.address], message)).toMatch(/^250 2\.0\.0/);
  await smtp.quit();
  house.bodies.give(BODY_BUDGET);
  await until(async () => ((await chunksOf(box)).length === 2 ? true : undefined));
  expect(await chunksOf(box)).toEqual([
    { whole: false, chunks: 3 },
    { whole: false, chunks: 3 },
  ]);
  await talk.ok('NOOP');
  expect(literal((await talk.ok('FETCH 1 BODY.PEEK[]')).at(0)) === message.toString('latin1')).toBe(true);
  expect(literal((await talk.ok('FETCH 2 BODY.PEEK[]')).at(0)).endsWith(message.toString('latin1'))).toBe(true);
  for (const number of [1, 2]) {
    expect((await talk.ok(`FETCH ${number} BODY.PEEK[HEADER.FIELDS (SUBJECT)]`)).at(0)).toContain(
      'Subject: of middling size',
    );
    expect((await talk.ok(`FETCH ${number} BODY.PEEK[TEXT]<599000.2000>`)).at(0)).toMatch(/needle\r\n\)$/);
  }
  expect(await talk.ok('SEARCH SUBJECT middling TEXT needle')).toEqual(['* SEARCH 1 2']);
  expect(await talk.ok('FETCH 1 RFC822.SIZE')).toEqual([`* 1 FETCH (RFC822.SIZE ${message.length})`]);
  const pop3 = await Pop3Client.login(port('pop3'), box);
  await pop3.ask('RETR 1');
  expect((await pop3.block()).equals(stuffed(message))).toBe(true);
  await pop3.ask('TOP 1 1');
  expect((await pop3.block()).length).toBeLessThan(200);
  pop3.drop();
  talk.client.reset();
  await given();
});

test('within it the same message is one row', async () => {
  const talk = await ImapTalk.login(port('imap'), box, 'INBOX');
  expect(await talk.append('INBOX', text(600_000))).toMatch(/^OK/);
  expect(await chunksOf(box)).toEqual([{ whole: true, chunks: 0 }]);
  talk.client.reset();
  await given();
});

describe('given back', () => {
  const MIB = 1024 * 1024;

  test.for<[string, number, number, string]>([
    ['a small one', 5_000, 5_000, 'OK'],
    ['a large one', 3 * MIB, 3 * MIB, 'OK'],
    ['one with NUL', 500_000, 499_999, 'NO [CANNOT]'],
    ['a large one with NUL', 2 * MIB, 2 * MIB - 1, 'NO [CANNOT]'],
  ])('%s', async ([, octets, clean, answer]) => {
    const talk = await ImapTalk.login(port('imap'), box, 'INBOX');
    expect(await talk.append('INBOX', Buffer.alloc(octets, 0).fill('x', 0, clean))).toContain(answer);
    await given();
    talk.client.reset();
  });

  test.for([300_000, 2 * MIB])('APPEND of %i octets whose client goes in the middle', async (octets) => {
    const talk = await ImapTalk.login(port('imap'), box, 'INBOX');
    await talk.client.send(`a APPEND INBOX {${octets}}\r\n`);
    await talk.response();
    await talk.client.send(Buffer.alloc(octets - 1, 'x'));
    await until(() => Promise.resolve(house.bodies.free < BODY_BUDGET ? true : undefined));
    talk.client.reset();
    await given();
  });

  test('a folder that is gone when the message has come', async () => {
    const talk = await ImapTalk.login(port('imap'), box);
    await talk.ok('CREATE x');
    await talk.client.send(`a APPEND x {1000}\r\n`);
    await talk.response();
    const other = await ImapTalk.login(port('imap'), box);
    await other.ok('DELETE x');
    await talk.client.send(`${'y'.repeat(1_000)}\r\n`);
    expect(await talk.response()).toMatch(/^a NO \[TRYCREATE\]/);
    await given();
    for (const { client } of [talk, other]) client.reset();
  });

  test.for(['end', 'resetAndDestroy'] as const)('a DATA whose client goes: %s', async (how) => {
    const smtp = await SmtpTalk.open(port('smtp'), 'client.example');
    await smtp.envelope('s@client.example', [box.address]);
    await smtp.say('DATA');
    await smtp.client.send(text(400_000));
    await until(() => Promise.resolve(house.bodies.free < BODY_BUDGET - 300_000 ? true : undefined));
    smtp.client.socket[how]();
    await given();
  });
});
