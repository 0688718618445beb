/** nodemailer sends, through port 25 and the worker, into mailboxes that POP3 gives back. */
import { createTransport, type SendMailOptions } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BuiltHouse, DOMAIN } from './built.ts';
import { maildrop } from './pop3-talk.ts';

const LIMIT = 1_048_576;
const QUEUED = /^250 2\.0\.0 queued as msg_\w{26}$/;
const FROM = 'Anna Beispiel <anna@client.example>';

let house: BuiltHouse;
let options: { host: string; port: number; ignoreTLS: true };
beforeAll(async () => {
  house = await BuiltHouse.start({
    apps: ['smtp', 'worker', 'pop3'],
    settings: { POSTHOUSE_MAX_MESSAGE_OCTETS: String(LIMIT) },
  });
  options = { host: '127.0.0.1', port: house.ports.smtp, ignoreTLS: true };
});
afterAll(() => house?.stop());

const send = (mail: SendMailOptions) => createTransport(options).sendMail({ from: FROM, ...mail });

/** What the maildrop holds when all is delivered, a character an octet. */
async function received(address: string): Promise<string[]> {
  await house.delivered();
  return (await maildrop(house.ports.pop3, address)).map((message) => message.toString('latin1'));
}

test('a connection is verified', async () => {
  expect(await createTransport(options).verify()).toBe(true);
});

test('plain text, with lines that begin with dots', async () => {
  const to = `plain@${DOMAIN}`;
  await house.mailbox(to);
  const text = ['.', '..two', 'plain', '.hidden', ''].join('\r\n');
  const info = await send({ to, subject: 'plain', text });
  expect(info).toMatchObject({ accepted: [to], rejected: [] });
  expect(info.response).toMatch(QUEUED);
  const [message = '', ...more] = await received(to);
  expect(more).toEqual([]);
  expect(message).toContain('\r\nSubject: plain\r\n');
  expect(message).toContain(`\r\nMessage-ID: ${info.messageId}\r\n`);
  expect(message.slice(message.indexOf('\r\n\r\n') + 4)).toBe(text);
});

test('HTML with a picture and an attachment of binary octets', async () => {
  const to = `rich@${DOMAIN}`;
  await house.mailbox(to);
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31) & 255));
  await send({
    to,
    subject: 'Größe und Maß',
    text: 'Grüße',
    html: '<p>Grüße <img src="cid:dot@client.example"></p>',
    attachments: [
      { filename: 'dot.gif', content: content.subarray(0, 43), cid: 'dot@client.example' },
      { filename: 'Übersicht.bin', content },
    ],
  });
  const [message = ''] = await received(to);
  const coded = message.replaceAll('\r\n', '');
  expect(coded).toContain(content.toString('base64'));
  expect(coded).toContain(content.subarray(0, 43).toString('base64'));
  expect(message).toContain('multipart/related');
});

test('SMTPUTF8: an address with umlauts in both halves', async () => {
  const to = 'grüße@bücher.example';
  await house.directory.domain('bücher.example');
  await house.mailbox(to);
  const info = await send({ from: 'ännchen@tharau.example', to, subject: 'Zażółć', text: 'gęślą jaźń' });
  expect(info.response).toMatch(QUEUED);
  const [message = ''] = await received(to);
  const decoded = Buffer.from(message, 'latin1').toString();
  expect(decoded).toContain('Return-Path: <ännchen@tharau.example>');
  expect(decoded).toMatch(/\tby mx\.built\.test \(Posthouse\) with UTF8SMTP id msg_/);
});

test('a client that would ask for a DSN is told of none, and does not ask', async () => {
  const to = `dsn@${DOMAIN}`;
  await house.mailbox(to);
  await send({
    to,
    text: 'notify me',
    dsn: { ret: 'HDRS', envid: 'a 1+b', notify: ['SUCCESS', 'DELAY', 'FAILURE'], orcpt: `rfc822;${to}` },
  });
  const kept = await house.rows(
    `select m.dsn_ret, m.dsn_envid, d.dsn_notify, d.dsn_orcpt from delivery d
       join message m on m.tenant_id = d.tenant_id and m.id = d.message_id where d.recipient = $1`,
    [to],
  );
  expect(kept).toEqual([{ dsn_ret: null, dsn_envid: null, dsn_notify: null, dsn_orcpt: null }]);
});

test('a pool sends 100 messages, each arrives once', async () => {
  const to = `pool@${DOMAIN}`;
  await house.mailbox(to);
  const pool = createTransport({ ...options, pool: true, maxConnections: 5, maxMessages: 15 });
  const subjects = Array.from({ length: 100 }, (_, at) => `pooled ${at}`);
  const sent = await Promise.all(subjects.map((subject) => pool.sendMail({ from: FROM, to, subject, text: subject })));
  pool.close();
  expect(sent.filter(({ response }) => !QUEUED.test(response))).toEqual([]);
  const arrived = (await received(to)).map((message) => /\r\nSubject: ([^\r]*)/.exec(message)?.[1] ?? '');
  expect(arrived).toHaveLength(subjects.length);
  expect(new Set(arrived)).toEqual(new Set(subjects));
});

describe('refusals', () => {
  beforeAll(() => house.mailbox(`there@${DOMAIN}`));

  test('an unknown recipient among known ones', async () => {
    const nobody = `nobody@${DOMAIN}`;
    const info = await send({ to: [`there@${DOMAIN}`, nobody], text: 'to one of two' });
    expect(info).toMatchObject({
      accepted: [`there@${DOMAIN}`],
      rejected: [nobody],
      rejectedErrors: [
        { code: 'EENVELOPE', responseCode: 550, response: '550 5.1.1 no such user here', recipient: nobody },
      ],
    });
    expect(await received(`there@${DOMAIN}`)).toHaveLength(1);
  });

  test.for([
    [`nobody@${DOMAIN}`, 550, '550 5.1.1 no such user here'],
    ['victim@relay.example', 550, '550 5.7.1 relaying denied'],
  ] as const)('only %s', async ([to, responseCode, response]) => {
    await expect(send({ to, text: 'x' })).rejects.toMatchObject({
      code: 'EENVELOPE',
      responseCode,
      command: 'RCPT TO',
    });
    await expect(send({ to, text: 'x' })).rejects.toThrow(response);
  });

  test('a message over the limit, announced and not', async () => {
    const big = { to: `there@${DOMAIN}`, raw: `Subject: big\r\n\r\n${'0123456789abcde\r\n'.repeat(LIMIT / 16)}` };
    await expect(send(big)).rejects.toMatchObject({ responseCode: 552, response: '552 5.3.4 message is too big' });
    const envelope = { from: 'anna@client.example', to: `there@${DOMAIN}`, size: LIMIT + 1 };
    await expect(send({ ...big, envelope })).rejects.toMatchObject({ code: 'EMESSAGE' });
    expect(await received(`there@${DOMAIN}`)).toHaveLength(1);
  });
});
