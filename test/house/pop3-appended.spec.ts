/** What IMAP appended, as POP3 counts and sends it. RFC 1939 11: the announced octets are those that RETR sends. */
import { Buffer } from 'node:buffer';
import { CHUNK_OCTETS, SMALL_BODY } from '#domain';
import { Config, House, silentLog, startApp } from '#runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pop3Module } from '../../apps/pop3/src/pop3.module.ts';
import { ImapHouse, ImapTalk, type Mailbox, type RunningApp } from './imap.spec-helper.ts';
import { Pop3Client } from './pop3.spec-helper.ts';

let imap: ImapHouse;
let imapApp: RunningApp;
let pop3App: RunningApp;
beforeAll(async () => {
  imap = await ImapHouse.open();
  imapApp = await imap.start();
  const config = Config.fromEnv({ POSTHOUSE_POP3_PORT: '0', POSTHOUSE_DRAIN_SECONDS: '5' });
  const house = new House(config, imap.db.ownerUrl, silentLog());
  const context = await startApp(house, Pop3Module);
  pop3App = { port: house.listeners['pop3'] ?? 0, house, context };
});
afterAll(async () => {
  await imapApp.context.close();
  await pop3App.context.close();
  await imap.db.drop();
});

const text = (end: string): Buffer => Buffer.from(`Subject: x\r\n\r\n.one\r\n..two${end}`);
const large = (octets: number, end = ''): Buffer => {
  const body = Buffer.alloc(octets, `${'y'.repeat(74)}\r\n`);
  body.write('Subject: large\r\n\r\n');
  body.fill('z', octets - 4);
  body.write(end, octets - end.length);
  return body;
};
const unstuffed = (block: Buffer): Buffer =>
  Buffer.from(block.toString('latin1').replaceAll('\r\n..', '\r\n.'), 'latin1');

async function everyAnswer(box: Mailbox) {
  const client = await Pop3Client.login(pop3App.port, box);
  const stat = await client.ask('STAT');
  await client.ask('LIST');
  const list = (await client.block())
    .toString()
    .trimEnd()
    .split('\r\n')
    .map((line) => Number(line.split(' ')[1]));
  const sent: { listed: string; announced: string; retrieved: Buffer; top: Buffer }[] = [];
  for (let number = 1; number <= list.length; number++) {
    const listed = await client.ask(`LIST ${number}`);
    const announced = await client.ask(`RETR ${number}`);
    const retrieved = unstuffed(await client.block());
    await client.ask(`TOP ${number} 100000`);
    sent.push({ listed, announced, retrieved, top: unstuffed(await client.block()) });
  }
  expect(await client.ask('QUIT')).toBe('+OK bye');
  return { stat, list, sent };
}

test('sizes are the octets that RETR sends, whatever the message ends with, and a lone dot ends nothing before its end', async () => {
  const box = await imap.mailbox();
  const talk = await ImapTalk.login(imapApp.port, box, 'INBOX');
  const messages = [
    ...['\r\n', '', '\n', '\r', '\r\n.', '\r\n\n', '\n.\nend', '\n..\n'].map(text),
    Buffer.from(''),
    Buffer.from('\n'),
    Buffer.from('Subject: header alone'),
    large(SMALL_BODY),
    large(SMALL_BODY + 1),
    // The last chunk holds one octet: the LF of the CRLF, or not.
    large(SMALL_BODY + CHUNK_OCTETS + 1, '\r\n'),
    large(SMALL_BODY + CHUNK_OCTETS + 1, '\n'),
  ];
  for (const message of messages) expect(await talk.append('INBOX', message)).toMatch(/^OK/);
  const stored = messages.map((message) =>
    Buffer.from(message.toString('latin1').replaceAll(/(?<!\r)\n/g, '\r\n'), 'latin1'),
  );
  expect(await talk.ok('FETCH 1:* RFC822.SIZE')).toEqual(
    stored.map(({ length }, at) => `* ${at + 1} FETCH (RFC822.SIZE ${length})`),
  );
  const expected = stored.map((message) =>
    message.length === 0 || message.subarray(-2).toString('latin1') === '\r\n'
      ? message
      : Buffer.concat([message, Buffer.from('\r\n')]),
  );
  const { stat, list, sent } = await everyAnswer(box);
  expect(list).toEqual(expected.map(({ length }) => length));
  expect(stat).toBe(`+OK ${messages.length} ${expected.reduce((sum, { length }) => sum + length, 0)}`);
  for (const [at, { listed, announced, retrieved, top }] of sent.entries()) {
    const wanted = expected[at] ?? Buffer.alloc(0);
    expect(listed).toBe(`+OK ${at + 1} ${wanted.length}`);
    expect(announced).toBe(`+OK ${wanted.length} octets`);
    expect(retrieved.equals(wanted), `RETR ${at + 1}`).toBe(true);
    expect(top.equals(wanted), `TOP ${at + 1}`).toBe(true);
  }
  talk.client.reset();
});

test('copied, moved and out of a renamed INBOX: the size goes with the message', async () => {
  const box = await imap.mailbox();
  const talk = await ImapTalk.login(imapApp.port, box, 'INBOX');
  const message = text('');
  await talk.append('INBOX', message);
  await talk.append('Sent', message);
  await talk.ok('COPY 1 Sent');
  await talk.ok('RENAME INBOX Old');
  for (const [folder, command] of [
    ['Sent', 'COPY 1:2'],
    ['Old', 'MOVE 1'],
  ]) {
    await talk.ok(`SELECT ${folder}`);
    await talk.ok(`${command} INBOX`);
  }
  const { list, sent } = await everyAnswer(box);
  expect(list).toEqual([message.length + 2, message.length + 2, message.length + 2]);
  expect(sent.map(({ retrieved }) => retrieved.length)).toEqual(list);
  await talk.ok('SELECT INBOX');
  expect(await talk.ok('FETCH 1:* RFC822.SIZE')).toEqual(
    [1, 2, 3].map((seq) => `* ${seq} FETCH (RFC822.SIZE ${message.length})`),
  );
  talk.client.reset();
});
