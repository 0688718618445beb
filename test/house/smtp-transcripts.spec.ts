import { readdirSync, readFileSync } from 'node:fs';
import { LineClient } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSmtpHouse, type SmtpHouse } from './smtp-house.ts';

/**
 * test/transcripts/smtp/*.smtp, played over a socket:
 *
 *     # comment; the first one names the rule
 *     C: line to send      consecutive C lines are sent in one write, each with CRLF
 *     C99: line to send    so many times
 *     C< octets to send    without CRLF
 *     S: line to expect    `<id>` stands for a queue id
 *     S! closed            the server ends the connection
 *
 * In C lines `<x*300>` stands for 300 times x and `<00>` for the octet 00. The directory is that of `furnish` below.
 */
const FOLDER = new URL('../transcripts/smtp/', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.smtp'));

let house: SmtpHouse;
beforeAll(async () => {
  house = await startSmtpHouse({ settings: { POSTHOUSE_MAX_MESSAGE_OCTETS: '65536' } });
  await furnish(house);
});
afterAll(() => house.close());

async function furnish({ directory, rows }: SmtpHouse): Promise<void> {
  await directory.domain('example.org');
  await directory.mailbox('alice@example.org');
  await directory.mailbox('grüße@example.org');
  await directory.mailbox('away@example.org', { state: 'disabled' });
  await directory.mailbox('nologin@example.org', { state: 'no-login' });
  await directory.mailbox('small@example.org', { quotaOctets: 1000 });
  const full = await directory.mailbox('full@example.org', { quotaMessages: 5 });
  await rows('update mailbox_usage set messages = 5 where mailbox_id = $1', [full]);
  await directory.alias('team@example.org', ['alice@example.org', 'bob@elsewhere.example']);
  await directory.domain('bücher.example');
  await directory.mailbox('leser@bücher.example');
  await directory.domain('closed.example', { state: 'disabled' });
  await directory.mailbox('carl@closed.example');
  await directory.domain('away.example');
  await directory.mailbox('postmaster@away.example', { state: 'disabled' });
  await directory.domain('full.example');
  await directory.mailbox('postmaster@full.example', { quotaMessages: 0 });
  const suspended = await directory.tenant('suspended', 'suspended');
  await directory.domain('unpaid.example', { tenantId: suspended });
  await directory.mailbox('dora@unpaid.example');
}

const fill = (text: string): string =>
  text
    .replaceAll(/<(.)\*(\d+)>/g, (_all, character: string, times: string) => character.repeat(Number(times)))
    .replaceAll(/<([0-9a-f]{2})>/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Its lines, `C99: text` as so many of them. */
const script = (file: string): { line: string; at: number }[] =>
  file.split('\n').flatMap((line, index) => {
    const [, times = '1', text] = /^C(\d+)(: .*)$/.exec(line) ?? [];
    const step = { line: text === undefined ? line : `C${text}`, at: index + 1 };
    return Array.from({ length: Number(times) }, () => step);
  });

const mask = (line: string): string => line.replace(/msg_[0-9a-hjkmnp-tv-z]{26}/, '<id>');

async function play(name: string): Promise<void> {
  const client = await LineClient.connect(house.port);
  let out: Buffer[] = [];
  const flush = async (): Promise<void> => {
    if (out.length > 0) await client.send(Buffer.concat(out));
    out = [];
  };
  for (const { line, at } of script(readFileSync(new URL(name, FOLDER), 'utf8'))) {
    const [mark, text] = [line.slice(0, 2), line.slice(3)];
    if (mark === 'C:' || mark === 'C<') {
      const octets = Buffer.from(fill(text), /<[89a-f][0-9a-f]>/.test(text) ? 'latin1' : 'utf8');
      out.push(mark === 'C:' ? Buffer.concat([octets, Buffer.from('\r\n')]) : octets);
      continue;
    }
    if (mark !== 'S:' && mark !== 'S!') continue;
    await flush();
    const heard = await client.line();
    if (mark === 'S!') expect(heard, `${name}:${at}`).toBeUndefined();
    else expect(mask(heard ?? '(closed)'), `${name}:${at}`).toBe(text);
  }
  await flush();
  client.socket.destroy();
}

describe('golden transcripts', () => {
  test('there are some', () => {
    expect(names.length).toBeGreaterThanOrEqual(20);
  });
  test.for(names)('%s', async (name) => {
    await expect(play(name)).resolves.toBeUndefined();
  });
});

test('what was accepted on the way is stored, and nothing for anybody else', async () => {
  const stored = await house.rows<{ recipient: string; reply: string | null }>(
    `select recipient, reply from delivery where state = 'held' group by 1, 2 order by recipient collate "C"`,
  );
  expect(stored.map(({ recipient, reply }) => `${recipient}: ${reply}`)).toEqual([
    'PostMaster@closed.example: postmaster has no mailbox',
    'PostMaster@full.example: the mailbox of postmaster is full',
    'postmaster@away.example: the mailbox of postmaster is disabled',
    'postmaster@example.org: postmaster has no mailbox',
    'postmaster@mx.test: mail for the postmaster of this host',
    'postmaster@unpaid.example: postmaster has no mailbox',
  ]);
});

test('DSN parameters are stored with the message and the recipient', async () => {
  const [row] = await house.rows(
    `select m.dsn_ret, m.dsn_envid, m.body_type, m.smtputf8, d.dsn_notify, d.dsn_orcpt
       from message m join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id where m.dsn_envid is not null`,
  );
  expect(row).toEqual({
    dsn_ret: 'HDRS',
    dsn_envid: 'QQ 314',
    body_type: '8BITMIME',
    smtputf8: false,
    dsn_notify: 'SUCCESS,FAILURE',
    dsn_orcpt: 'rfc822;Alice@example.org',
  });
});
