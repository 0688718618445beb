/** Every command at its length and an octet over it: the exact answers. RFC 2449 4. */
import { MAX_COMMAND_LINE, MAX_LOGIN_LINE } from '#pop3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Pop3Client, Pop3House, type Mailbox, type RunningApp } from './pop3.spec-helper.ts';

const TOO_LONG = '-ERR line too long';
/** Without its CRLF, which counts. */
const COMMAND = MAX_COMMAND_LINE - 2;
/** Without its CRLF, which does not count here. */
const LOGIN = MAX_LOGIN_LINE;

type Case = readonly [verb: string, octets: number, fill: string, atLimit: string];

/** Spaces behind a command are none of its arguments. */
const BEFORE_LOGIN: readonly Case[] = [
  ['USER ', COMMAND, 'x', '+OK send PASS'],
  ['PASS ', LOGIN, 'x', '-ERR USER first'],
  ['AUTH PLAIN ', LOGIN, 'A', '-ERR bad arguments'],
  ['AUTH ', LOGIN, 'x', '-ERR unknown mechanism'],
  ['CAPA', COMMAND, ' ', '+OK capabilities'],
  ['STAT', COMMAND, ' ', '-ERR log in first'],
  ['QUIT', COMMAND, ' ', '+OK bye'],
  ['APOP ', COMMAND, 'x', '-ERR unknown command'],
  ['X', COMMAND, 'x', '-ERR unknown command'],
];
const AFTER_LOGIN: readonly Case[] = [
  ['STAT', COMMAND, ' ', '+OK 1 42'],
  ['LIST', COMMAND, ' ', '+OK 1 message (42 octets)'],
  ['LIST 1', COMMAND, ' ', '+OK 1 42'],
  ['UIDL', COMMAND, ' ', '+OK 1 message (42 octets)'],
  ['UIDL ', COMMAND, '9', '-ERR no such message'],
  ['RETR 1', COMMAND, ' ', '+OK 42 octets'],
  ['RETR ', COMMAND, '9', '-ERR no such message'],
  ['TOP 1 0', COMMAND, ' ', '+OK top of message'],
  ['DELE 1', COMMAND, ' ', '+OK marked as deleted'],
  ['RSET', COMMAND, ' ', '+OK 1 message (42 octets)'],
  ['NOOP', COMMAND, ' ', '+OK nothing done'],
  ['CAPA', COMMAND, ' ', '+OK capabilities'],
  ['USER ', COMMAND, 'x', '-ERR already logged in'],
  ['PASS ', LOGIN, 'x', '-ERR already logged in'],
  ['AUTH PLAIN ', LOGIN, 'A', '-ERR already logged in'],
  ['QUIT', COMMAND, ' ', '+OK bye'],
  ['X', COMMAND, 'x', '-ERR unknown command'],
];

let pop3: Pop3House;
let app: RunningApp;
let box: Mailbox;
beforeAll(async () => {
  pop3 = await Pop3House.open();
  app = await pop3.start();
  box = await pop3.mailbox();
});
beforeEach(async () => {
  await pop3.wipe();
  await pop3.deliver(box, Buffer.from('Subject: the only one\r\n\r\n'));
});
afterAll(async () => {
  await app.context.close();
  await pop3.db.drop();
});

/** The session goes on: CAPA is answered in every state. */
async function goesOn(client: Pop3Client): Promise<void> {
  expect(await client.ask('CAPA')).toBe('+OK capabilities');
  client.drop();
}

describe.each([
  ['before login', BEFORE_LOGIN, () => Pop3Client.connect(app.port)],
  ['after login', AFTER_LOGIN, () => Pop3Client.login(app.port, box)],
] as const)('%s', (_when, cases, open) => {
  test.for(cases)('%s at its length', async ([verb, octets, fill, atLimit]) => {
    const client = await open();
    expect(await client.ask(verb.padEnd(octets, fill))).toBe(atLimit);
    client.drop();
  });

  test.for(cases)('%s over it', async ([verb, octets, fill]) => {
    const client = await open();
    expect(await client.ask(verb.padEnd(octets + 1, fill))).toBe(TOO_LONG);
    await goesOn(client);
  });
});

test.for([
  ['at its length', LOGIN, '-ERR [AUTH] invalid user name or password'],
  ['over it', LOGIN + 1, TOO_LONG],
] as const)('PASS behind USER, %s', async ([, octets, answer]) => {
  const client = await Pop3Client.connect(app.port);
  expect(await client.ask(`USER ${box.address}`)).toBe('+OK send PASS');
  expect(await client.ask('PASS '.padEnd(octets, 'x'))).toBe(answer);
  await goesOn(client);
});

test.for([
  ['at its length', LOGIN, '-ERR bad arguments'],
  ['over it', LOGIN + 1, TOO_LONG],
] as const)('the response of AUTH, %s', async ([, octets, answer]) => {
  const client = await Pop3Client.connect(app.port);
  expect(await client.ask('AUTH PLAIN')).toBe('+ ');
  expect(await client.ask('A'.repeat(octets))).toBe(answer);
  await goesOn(client);
});
