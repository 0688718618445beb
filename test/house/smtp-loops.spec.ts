/** A message that has been here before, by its Delivered-To fields. */
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmtpHouse, type SmtpHouse } from './smtp-house.ts';

let house: SmtpHouse;
beforeAll(async () => {
  house = await startSmtpHouse();
  const { directory } = house;
  await directory.domain('example.org');
  const alice = await directory.mailbox('alice@example.org');
  await directory.mailbox('bob@example.org');
  await directory.alias('sales@example.org', [{ mailboxId: alice }]);
  await directory.alias('team@example.org', ['alice@example.org', 'bob@example.org']);
});
afterAll(() => house.close());

/** The reply to the data, and the rows that stand behind it. */
async function send(envid: string, to: readonly string[], ...deliveredTo: string[]): Promise<[string, string[]]> {
  const talk = await SmtpTalk.open(house.port, 'client.example');
  await talk.envelope('a@b.example', to, ` ENVID=${envid}`);
  const fields = deliveredTo.map((value) => `Delivered-To: ${value}\r\n`).join('');
  const reply = await talk.data(`${fields}Subject: round\r\n\r\n`);
  await talk.quit();
  const rows = await house.rows<{ recipient: string; state: string; reply: string | null }>(
    `select d.recipient, d.state, d.reply from delivery d join message m on m.tenant_id = d.tenant_id and m.id = d.message_id
      where m.dsn_envid = $1 order by d.ordinal`,
    [envid],
  );
  return [
    reply.trim().replace(/msg_\w+/, '<id>'),
    rows.map((row) => `${row.recipient} ${row.state} ${row.reply ?? ''}`),
  ];
}

const QUEUED = '250 2.0.0 queued as <id>';
const LOOP = '554 5.4.6 mail loop';
const BEEN_HERE = 'held mail loop: the message has been delivered to this mailbox before';

test.for<[string, string[], string[], string, string[]]>([
  ['nothing', ['alice@example.org'], [], QUEUED, ['alice@example.org queued ']],
  ['a stranger', ['alice@example.org'], ['x@elsewhere.example'], QUEUED, ['alice@example.org queued ']],
  ['somebody else here', ['alice@example.org'], ['bob@example.org'], QUEUED, ['alice@example.org queued ']],
  ['this address', ['alice@example.org'], ['Alice@EXAMPLE.org'], LOOP, []],
  ['this alias', ['team@example.org'], ['team@example.org'], LOOP, []],
  [
    'one of two',
    ['alice@example.org', 'bob@example.org'],
    ['alice@example.org'],
    QUEUED,
    [`alice@example.org ${BEEN_HERE}`, 'bob@example.org queued '],
  ],
  [
    'another address of the mailbox',
    ['alice@example.org'],
    ['sales@example.org'],
    QUEUED,
    [`alice@example.org ${BEEN_HERE}`],
  ],
  ['a subaddress of it', ['alice@example.org'], ['alice+x@example.org'], QUEUED, [`alice@example.org ${BEEN_HERE}`]],
  [
    'the mailbox of this other address',
    ['sales@example.org'],
    ['alice@example.org'],
    QUEUED,
    [`sales@example.org ${BEEN_HERE}`],
  ],
  ['an alias for many', ['alice@example.org'], ['team@example.org'], QUEUED, ['alice@example.org queued ']],
  ['nobody here', ['alice@example.org'], ['nobody@example.org'], QUEUED, ['alice@example.org queued ']],
  [
    'what is no address',
    ['alice@example.org'],
    ['__proto__', '"', '+'.repeat(900)],
    QUEUED,
    ['alice@example.org queued '],
  ],
])('Delivered-To names %s', async ([name, to, deliveredTo, reply, rows]) => {
  expect(await send(name.replaceAll(' ', '-'), to, ...deliveredTo)).toEqual([reply, rows]);
});
