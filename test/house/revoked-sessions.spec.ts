/** Promise 5: a committed change of an account is effective in sessions that are open already, whichever door they came through. */
import { LineClient } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliHouse } from './cli-house.ts';

let house: CliHouse;
beforeAll(async () => {
  house = await CliHouse.make();
  await house.up();
  await house.posthouse('tenant', 'add', 'acme');
  await house.posthouse('domain', 'add', 'example.test', '--tenant', 'acme');
  await mailbox('bystander');
});
afterAll(() => house.close());

const acme = ['--tenant', 'acme'] as const;

async function mailbox(name: string): Promise<string> {
  const address = `${name}@example.test`;
  const { code, err } = await house.run(['mailbox', 'add', address, '--password-stdin', ...acme], 'correct horse');
  expect([code, err]).toEqual([0, '']);
  return address;
}

async function pop3(address: string): Promise<LineClient> {
  const client = await LineClient.connect(house.port('pop3'));
  await client.send(`USER ${address}\r\nPASS correct horse\r\n`);
  for (let line = 0; line < 3; line++) expect(await client.line()).toMatch(/^\+OK/);
  return client;
}

/** In IDLE or between two commands. */
async function imap(address: string, idle: boolean): Promise<LineClient> {
  const client = await LineClient.connect(house.port('imap'));
  await client.send(`1 LOGIN ${address} "correct horse"\r\n2 SELECT INBOX\r\n${idle ? '3 IDLE\r\n' : ''}`);
  const last = idle ? '+ ' : '2 OK';
  for (let line = await client.line(); !line?.startsWith(last); line = await client.line()) expect(line).toBeDefined();
  return client;
}

const PASSWORD_CHANGED = [
  '-ERR [AUTH] the password was changed, log in again',
  'the password was changed, log in again',
];
const MAY_NOT = '-ERR [SYS/PERM] the account may not log in any more';

test.for<[string, (address: string) => string[], string, string]>([
  [
    'another password',
    (address) => ['mailbox', 'set', address, '--password-stdin', ...acme],
    ...(PASSWORD_CHANGED as [string, string]),
  ],
  [
    'no login',
    (address) => ['mailbox', 'set', address, '--state', 'no-login', ...acme],
    MAY_NOT,
    '[CONTACTADMIN] the account may not log in any more',
  ],
  [
    'disabled',
    (address) => ['mailbox', 'set', address, '--state', 'disabled', ...acme],
    MAY_NOT,
    '[CONTACTADMIN] the account was disabled',
  ],
  [
    'removed',
    (address) => ['mailbox', 'rm', address, '--yes', ...acme],
    MAY_NOT,
    '[CONTACTADMIN] the account was removed',
  ],
])('%s ends the open sessions of that account and of no other', async ([name, command, pop3Words, imapWords]) => {
  const address = await mailbox(name.replace(' ', '-'));
  const bystander = await imap('bystander@example.test', false);
  const [waiting, idling, drop] = [await imap(address, false), await imap(address, true), await pop3(address)];
  expect(await house.run(command(address), 'another horse')).toMatchObject({ code: 0 });
  expect(await waiting.rest()).toBe(`* BYE ${imapWords}\r\n`);
  expect(await idling.rest()).toBe(`* BYE ${imapWords}\r\n`);
  expect(await drop.rest()).toBe(`${pop3Words}\r\n`);
  await bystander.send('9 LOGOUT\r\n');
  expect(await bystander.rest()).toMatch(/^\* BYE .*\r\n9 OK .*\r\n$/);
});

test.for([
  [
    'domain',
    ['domain', 'set', 'example.test', '--state', 'disabled', ...acme],
    ['domain', 'set', 'example.test', '--state', 'active', ...acme],
  ],
  ['tenant', ['tenant', 'set', 'acme', '--state', 'suspended'], ['tenant', 'set', 'acme', '--state', 'active']],
] as const)('a %s that is closed ends the sessions in it', async ([, close, open]) => {
  const idling = await imap('bystander@example.test', true);
  const drop = await pop3('bystander@example.test');
  await house.posthouse(...close);
  expect(await idling.rest()).toBe('* BYE [CONTACTADMIN] the account was disabled\r\n');
  expect(await drop.rest()).toBe(`${MAY_NOT}\r\n`);
  await house.posthouse(...open);
});
