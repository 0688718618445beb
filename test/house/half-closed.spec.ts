/** Readers that say all they want and close their side (FIN) hear every answer, and then the server closes. SMTP: apps/smtp/src/half-closed.spec.ts. */
import { LineClient } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapHouse, PASSWORD, type Mailbox as ImapBox, type RunningApp as ImapApp } from './imap.spec-helper.ts';
import { bodyOf, Pop3House, stuffed, type RunningApp as Pop3App } from './pop3.spec-helper.ts';

/** Everything that is said until the server closes too. */
async function sayAndClose(port: number, text: string): Promise<string> {
  const client = await LineClient.connect(port);
  await client.send(text);
  client.socket.end();
  return client.rest();
}

const LARGE = bodyOf(6_000_000);

describe('POP3', () => {
  let house: Pop3House;
  let app: Pop3App;
  beforeAll(async () => {
    house = await Pop3House.open();
    app = await house.start();
  });
  afterAll(async () => {
    await app.context.close();
    await house.db.drop();
  });
  const login = (address: string) => `USER ${address}\r\nPASS ${PASSWORD}\r\n`;
  const left = async ({ folderId }: { readonly folderId: string }) =>
    (await house.db.owner.query('select from folder_message where folder_id = $1', [folderId])).rowCount;

  test('RETR of a large message, DELE and QUIT', async () => {
    const mailbox = await house.mailbox();
    const message = await house.deliver(mailbox, LARGE);
    const said = await sayAndClose(app.port, `${login(mailbox.address)}RETR 1\r\nDELE 1\r\nQUIT\r\n`);
    expect(said.includes(`\r\n${stuffed(message).toString('latin1')}.\r\n+OK`)).toBe(true);
    expect(said.endsWith('\r\n')).toBe(true);
    expect(await left(mailbox)).toBe(0);
  });

  test('without QUIT nothing is deleted, and the maildrop is free again', async () => {
    const mailbox = await house.mailbox();
    for (let at = 0; at < 30; at++) await house.deliver(mailbox, bodyOf(5_000, at));
    const all = Array.from({ length: 30 }, (_, at) => `RETR ${at + 1}\r\nDELE ${at + 1}\r\n`).join('');
    const said = await sayAndClose(app.port, login(mailbox.address) + all);
    expect(said.match(/^\.\r$/gm)).toHaveLength(30);
    expect(await left(mailbox)).toBe(30);
    expect(await sayAndClose(app.port, `${login(mailbox.address)}STAT\r\nQUIT\r\n`)).toMatch(/\+OK 30 \d+\r\n\+OK/);
  });
});

describe('IMAP', () => {
  let house: ImapHouse;
  let app: ImapApp;
  let mailbox: ImapBox;
  beforeAll(async () => {
    house = await ImapHouse.open();
    app = await house.start();
    mailbox = await house.mailbox();
    await house.put(mailbox, LARGE);
  });
  afterAll(async () => {
    await app.context.close();
    await house.db.drop();
  });
  const login = () => `a LOGIN ${mailbox.address} "${PASSWORD}"\r\nb SELECT INBOX\r\n`;

  test('FETCH of a large message and LOGOUT', async () => {
    const said = await sayAndClose(app.port, `${login()}c FETCH 1 BODY.PEEK[]\r\nd LOGOUT\r\n`);
    expect(said.includes(`{${LARGE.length}}\r\n${LARGE.toString('latin1')}`)).toBe(true);
    expect(said).toMatch(/\r\nc OK [^\r]*\r\n\* BYE [^\r]*\r\nd OK [^\r]*\r\n$/);
  });

  test.each([
    ['a small message', 'Subject: x\r\n\r\nbody\r\n'],
    ['a large one', LARGE.subarray(0, 2_000_000).toString('latin1')],
  ])('APPEND of %s, without LOGOUT', async (_, text) => {
    const said = await sayAndClose(app.port, `${login()}c APPEND Sent {${text.length}+}\r\n${text}\r\n`);
    expect(said).toMatch(/\r\nc OK \[APPENDUID \d+ \d+\][^\r]*\r\n$/);
  });

  test('a command that breaks off is not done, and the session ends', async () => {
    const said = await sayAndClose(app.port, `${login()}c NOOP\r\nd DELETE Sent`);
    expect(said).toMatch(/\r\nc OK [^\r]*\r\n$/);
  });

  test('IDLE ends with its client', async () => {
    expect(await sayAndClose(app.port, `${login()}c IDLE\r\n`)).toMatch(/\r\n\+ [^\r]*\r\n/);
    expect(await sayAndClose(app.port, `${login()}c IDLE\r\nDONE\r\n`)).toMatch(/\r\n\+ [^\r]*\r\nc OK [^\r]*\r\n$/);
  });
});
