/** Every command at its length and an octet over it, literals and awaited lines too: the exact answers. */
import {
  MAX_AUTH_LINE,
  MAX_LINE,
  MAX_LINE_BEFORE_LOGIN,
  MAX_LITERAL_COUNT,
  MAX_LITERALS,
  MAX_LITERALS_BEFORE_LOGIN,
} from '#imap';
import { LineClient } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../apps/imap/src/commands/index.ts';
import { ImapHouse, ImapTalk, type Mailbox, type RunningApp } from './imap.spec-helper.ts';

const LINE_TOO_LONG = 'a BAD command line too long';
const LITERAL_TOO_LARGE = 'a BAD [TOOBIG] literal too large';
const NO_FOLDER = ['a BAD log in first', 'a NO [NONEXISTENT] no such folder'] as const;
const IMPOSSIBLE = ['a BAD log in first', 'a NO [CANNOT] no folder can have this name'] as const;
const NO_SPACE = 'a BAD expected space at octet <end>';

/** What a command filled up with x is answered at its length, `<end>` being the last octet; and after login, where that is another answer. */
const AT_LENGTH = new Map<string, string | readonly [string, string]>([
  ['CAPABILITY', 'a BAD expected end of command at octet 12'],
  ['NOOP', 'a BAD expected end of command at octet 6'],
  ['LOGOUT', 'a BAD expected end of command at octet 8'],
  ['ID', 'a BAD expected NIL or list at octet 5'],
  ['AUTHENTICATE', ['a NO [CANNOT] the mechanism is not supported', 'a BAD already logged in']],
  ['LOGIN', 'a BAD expected space at octet <end>'],
  ['SELECT', NO_FOLDER],
  ['EXAMINE', NO_FOLDER],
  ['CREATE', IMPOSSIBLE],
  ['DELETE', NO_FOLDER],
  ['RENAME', NO_SPACE],
  ['SUBSCRIBE', IMPOSSIBLE],
  ['UNSUBSCRIBE', ['a BAD log in first', 'a OK unsubscribed']],
  ['LIST', 'a BAD expected space at octet <end>'],
  ['LSUB', 'a BAD expected space at octet <end>'],
  ['STATUS', NO_SPACE],
  ['NAMESPACE', 'a BAD expected end of command at octet 11'],
  ['ENABLE', ['a BAD log in first', '* ENABLED']],
  ['IDLE', 'a BAD expected end of command at octet 6'],
  ['CHECK', 'a BAD expected end of command at octet 7'],
  ['CLOSE', 'a BAD expected end of command at octet 7'],
  ['UNSELECT', 'a BAD expected end of command at octet 10'],
  ['EXPUNGE', 'a BAD expected end of command at octet 9'],
  ['SEARCH', 'a BAD expected search key at octet <end>'],
  ['FETCH', 'a BAD expected sequence set at octet 8'],
  ['STORE', 'a BAD expected sequence set at octet 8'],
  ['COPY', 'a BAD expected sequence set at octet 7'],
  ['MOVE', 'a BAD expected sequence set at octet 7'],
  ['APPEND', NO_SPACE],
  ['UID SEARCH', 'a BAD expected search key at octet <end>'],
  ['UID FETCH', 'a BAD expected sequence set at octet 12'],
  ['UID STORE', 'a BAD expected sequence set at octet 12'],
  ['UID COPY', 'a BAD expected sequence set at octet 11'],
  ['UID MOVE', 'a BAD expected sequence set at octet 11'],
  ['UID EXPUNGE', 'a BAD expected sequence set at octet 14'],
  ['UID', 'a BAD expected command at octet <end>'],
  ['X', 'a BAD expected command at octet 3'],
]);
const COMMANDS = [...AT_LENGTH.keys()];

let imap: ImapHouse;
let app: RunningApp;
let box: Mailbox;
beforeAll(async () => {
  imap = await ImapHouse.open();
  app = await imap.start();
  box = await imap.mailbox();
});
afterAll(async () => {
  await app.context.close();
  await imap.db.drop();
});

async function connect(): Promise<LineClient> {
  const client = await LineClient.connect(app.port);
  await client.line();
  return client;
}
const logIn = async (): Promise<LineClient> => (await ImapTalk.login(app.port, box, 'INBOX')).client;

/** The session goes on, in step. */
async function goesOn(client: LineClient): Promise<void> {
  await client.send('z NOOP\r\n');
  expect(await client.line()).toBe('z OK done');
  client.reset();
}

test('no command is missing here', () => {
  expect(COMMANDS.filter((name) => !name.startsWith('UID') && name !== 'X')).toEqual(COMMAND_NAMES);
});

describe.each([
  ['before login', connect, 0, MAX_LINE_BEFORE_LOGIN, MAX_LITERALS_BEFORE_LOGIN],
  ['after login', logIn, 1, MAX_LINE, MAX_LITERALS],
] as const)('%s', (_when, open, phase, lineLimit, literalLimit) => {
  const line = (name: string, octets: number): string => `${`a ${name} `.padEnd(octets - 2, 'x')}\r\n`;

  test.for(COMMANDS)('%s at its length', async (name) => {
    const answers = AT_LENGTH.get(name) ?? '';
    const answer = typeof answers === 'string' ? answers : answers[phase];
    const client = await open();
    await client.send(line(name, lineLimit));
    expect(await client.line()).toBe(answer?.replace('<end>', String(lineLimit - 2)));
    client.reset();
  });

  test.for(COMMANDS)('%s over it', async (name) => {
    const client = await open();
    await client.send(line(name, lineLimit + 1));
    expect(await client.line()).toBe(LINE_TOO_LONG);
    await goesOn(client);
  });

  test('a line over it without a tag', async () => {
    const client = await open();
    await client.send(`${' '.repeat(lineLimit)}\r\n`);
    expect(await client.line()).toBe('* BAD command line too long');
    await goesOn(client);
  });

  // The message of APPEND is no literal of its command; the name of its folder is.
  test.for(COMMANDS)('%s with a literal over the bound', async (name) => {
    const client = await open();
    // Before login only these are asked for their literals.
    const answer =
      phase === 1 || ['LOGIN', 'AUTHENTICATE', 'ID'].includes(name) ? LITERAL_TOO_LARGE : 'a BAD log in first';
    await client.send(`a ${name} {${literalLimit + 1}}\r\n`);
    expect(await client.line()).toBe(answer);
    await client.send(`a ${name} {${literalLimit + 1}+}\r\n${'x'.repeat(literalLimit + 1)}\r\n`);
    expect(await client.line()).toBe(answer);
    await goesOn(client);
  });

  test('literals that are over the bound together, and too many of them', async () => {
    const client = await open();
    await client.send(`a LOGIN {${literalLimit}}\r\n`);
    expect(await client.line()).toBe('+ go ahead');
    await client.send(`${'x'.repeat(literalLimit)} {1}\r\n`);
    expect(await client.line()).toBe(LITERAL_TOO_LARGE);
    await client.send(`a LOGIN${' {0+}\r\n'.repeat(MAX_LITERAL_COUNT + 1)}\r\n`);
    expect(await client.line()).toBe('a BAD too many literals');
    await goesOn(client);
  });
});

test.for([
  ['at its length', MAX_AUTH_LINE, 'a BAD no PLAIN message in base64'],
  ['over it', MAX_AUTH_LINE + 1, 'a BAD line too long'],
] as const)('the response of AUTHENTICATE %s', async ([, octets, answer]) => {
  const client = await connect();
  await client.send('a AUTHENTICATE PLAIN\r\n');
  expect(await client.line()).toBe('+ ');
  await client.send(`${'A'.repeat(octets - 2)}\r\n`);
  expect(await client.line()).toBe(answer);
  await goesOn(client);
});

test.for([
  ['at its length', MAX_AUTH_LINE, 'a BAD expected DONE'],
  ['over it', MAX_AUTH_LINE + 1, 'a BAD line too long'],
] as const)('the line that should be DONE %s', async ([, octets, answer]) => {
  const client = await logIn();
  await client.send('a IDLE\r\n');
  expect(await client.line()).toBe('+ idling');
  await client.send(`${'DONE'.padEnd(octets - 2, 'x')}\r\n`);
  expect(await client.line()).toBe(answer);
  await goesOn(client);
});
