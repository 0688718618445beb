/** node-pop3 reads and deletes what came in over port 25. */
import { SmtpTalk } from '#testing';
import Pop3Command from 'node-pop3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BuiltHouse, DOMAIN, PASSWORD } from './built.ts';

const READER = `reader@${DOMAIN}`;
const BODIES = ['first\r\n', '.dots\r\n..\r\n.\r\nat the line start\r\n', 'a longer line of text\r\n'.repeat(500)];

let house: BuiltHouse;
beforeAll(async () => {
  house = await BuiltHouse.start({ apps: ['smtp', 'worker', 'pop3'] });
  await house.mailbox(READER);
  const talk = await SmtpTalk.open(house.ports.smtp, 'client.example');
  for (const [at, body] of BODIES.entries()) {
    await talk.mail('anna@client.example', [READER], `Subject: mail ${at + 1}\r\n\r\n${body}`);
    await house.delivered(); // in this order
  }
  await talk.quit();
});
afterAll(() => house?.stop());

const client = (password = PASSWORD): Pop3Command =>
  new Pop3Command({ user: READER, password, host: '127.0.0.1', port: house.ports.pop3 });

const stuffed = (text: string): string => text.replaceAll('\r\n.', '\r\n..');
/** Behind the trace fields, without the last CRLF, which the client takes for a part of the end. */
const written = (at: number, body = BODIES[at] ?? ''): string =>
  stuffed(`Subject: mail ${at + 1}\r\n\r\n${body}`).slice(0, -2);

test('UIDL, LIST, STAT, RETR and TOP agree', async () => {
  const pop3 = client();
  const uidl = await pop3.UIDL();
  expect(uidl).toEqual(BODIES.map((_, at) => [String(at + 1), expect.stringMatching(/^msg_[0-9a-z]{26}$/)]));
  expect(new Set(uidl.map(([, id]) => id)).size).toBe(BODIES.length);
  expect(await pop3.UIDL(2)).toEqual(uidl[1]);
  const listed = await pop3.LIST();
  const sizes = listed.map(([, size]) => Number(size));
  expect(await pop3.LIST(3)).toEqual(['3', String(sizes[2])]);
  expect(await pop3.STAT()).toBe(`3 ${sizes.reduce((sum, size) => sum + size, 0)}`);
  for (const at of BODIES.keys()) {
    const message = await pop3.RETR(at + 1);
    expect(message.endsWith(`+0000\r\n${written(at)}`), message).toBe(true);
    expect(message.replaceAll('\r\n..', '\r\n.').length + 2).toBe(sizes[at]);
  }
  const top = await pop3.TOP(3, 2);
  expect(top.endsWith(written(2, 'a longer line of text\r\n'.repeat(2))), top).toBe(true);
  await pop3.NOOP();
  expect(await pop3.QUIT()).toBe('bye');
});

test('what is marked stays after RSET, and goes at QUIT', async () => {
  const kept = client();
  expect(await kept.DELE(1)).toBe('marked as deleted');
  expect(await kept.STAT()).toMatch(/^2 /);
  await kept.RSET();
  expect(await kept.STAT()).toMatch(/^3 /);
  await kept.QUIT();

  const before = client();
  const [, second] = await before.UIDL();
  await before.DELE(1);
  await before.DELE(3);
  await before.QUIT();

  const after = client();
  expect(await after.UIDL()).toEqual([['1', second?.[1]]]);
  await expect(after.RETR(2)).rejects.toMatchObject({ message: 'no such message' });
  await after.QUIT();
});

test('a wrong password', async () => {
  await expect(client('wrong horse').STAT()).rejects.toMatchObject({
    message: '[AUTH] invalid user name or password',
    command: 'PASS ***',
  });
});

test('a second session at the same time', async () => {
  const first = client();
  await first.STAT();
  await expect(client().STAT()).rejects.toMatchObject({ message: '[IN-USE] maildrop is open in another session' });
  await first.QUIT();
});
