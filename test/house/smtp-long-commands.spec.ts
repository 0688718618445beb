/** Every command at its length and an octet over it: the exact answers. RFC 5321 4.5.3.1.4, 4.5.3.1.9. */
import { LineClient } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_COMMAND_LINE } from '../../apps/smtp/src/ingress-connection.ts';
import { startSmtpHouse, type SmtpHouse } from './smtp-house.ts';

const TOO_LONG = '500 5.5.2 Command line too long\r\n';
const HELO = 'HELO client.example';
const MAIL = 'MAIL FROM:<a@elsewhere.example>';
const RCPT = 'RCPT TO:<alice@example.org>';
const WELCOME = ['250 mx.test'];
const IN_TRANSACTION = [...WELCOME, '250 2.1.0 sender ok', '250 2.1.5 recipient ok'];

interface Case {
  /** What the line begins with; x fills it up. */
  readonly verb: string;
  /** The answer to a line of exactly the length that is taken. */
  readonly atLimit: string;
  readonly before?: readonly string[];
  readonly answers?: readonly string[];
}

const CASES: readonly Case[] = [
  { verb: 'EHLO ', atLimit: '501 Error: Bad hostname syntax' },
  { verb: 'HELO ', atLimit: '501 Error: Bad hostname syntax' },
  {
    verb: 'MAIL FROM:<a@elsewhere.example> ',
    atLimit: '555 5.5.4 parameter is not supported',
    before: [HELO],
    answers: WELCOME,
  },
  { verb: 'MAIL FROM:<', atLimit: '501 5.1.7 bad sender address syntax', before: [HELO], answers: WELCOME },
  {
    verb: 'RCPT TO:<alice@example.org> ',
    atLimit: '555 5.5.4 parameter is not supported',
    before: [HELO, MAIL],
    answers: IN_TRANSACTION.slice(0, 2),
  },
  {
    verb: 'RCPT TO:<',
    atLimit: '501 5.1.3 bad recipient address syntax',
    before: [HELO, MAIL],
    answers: IN_TRANSACTION.slice(0, 2),
  },
  {
    verb: 'DATA ',
    atLimit: '354 End data with <CR><LF>.<CR><LF>',
    before: [HELO, MAIL, RCPT],
    answers: IN_TRANSACTION,
  },
  { verb: 'RSET ', atLimit: '250 2.0.0 Flushed' },
  { verb: 'NOOP ', atLimit: '250 2.0.0 OK' },
  { verb: 'VRFY ', atLimit: '252 2.1.5 Try to send something. No promises though' },
  { verb: 'HELP ', atLimit: '214 2.0.0 See https://tools.ietf.org/html/rfc5321 for details' },
  { verb: 'QUIT ', atLimit: '221 2.0.0 Bye' },
  { verb: 'EXPN ', atLimit: '500 5.5.2 Error: command not recognized' },
  { verb: 'X', atLimit: '500 5.5.2 Error: command not recognized' },
];

let house: SmtpHouse;
beforeAll(async () => {
  house = await startSmtpHouse();
  await house.directory.domain('example.org');
  await house.directory.mailbox('alice@example.org');
});
afterAll(() => house.close());

async function connect({ before = [], answers = [] }: Case): Promise<LineClient> {
  const client = await LineClient.connect(house.port);
  expect(await client.line()).toBe('220 mx.test ESMTP Posthouse');
  for (const line of before) await client.send(`${line}\r\n`);
  for (const answer of answers) expect(await client.line()).toBe(answer);
  return client;
}

describe.each(CASES)('$verb', (its) => {
  const line = (octets: number): string => `${its.verb.padEnd(octets, 'x')}\r\n`;

  test('at its length', async () => {
    const client = await connect(its);
    await client.send(line(MAX_COMMAND_LINE));
    expect(await client.line()).toBe(its.atLimit);
    client.reset();
  });

  test('over it: the session ends, and what stands behind it is no command', async () => {
    const client = await connect(its);
    await client.send(`${line(MAX_COMMAND_LINE + 1)}NOOP\r\n`);
    expect(await client.rest()).toBe(TOO_LONG);
  });
});
