import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmtpHouse, type SmtpHouse } from './smtp-house.ts';

let house: SmtpHouse;
beforeAll(async () => {
  house = await startSmtpHouse();
  await house.directory.domain('example.org');
  const everything = await house.directory.mailbox('alice@example.org');
  await house.directory.catchAll('example.org', everything); // the worst case: any local part has a mailbox
});
afterAll(() => house.close());

const ROUTE = '550 5.7.1 routes in addresses are not accepted';
const DENIED = '550 5.7.1 relaying denied';
const LITERAL = '550 5.7.1 mail to address literals is not accepted';
const SYNTAX = '501 5.1.3 bad recipient address syntax';
const TAKEN = '250 2.1.5 recipient ok'; // harmless: it is a local part of ours, and stays here

/** The classic probes of relay testers, and what each is answered. */
test.each<[string, string]>([
  ['victim@relay.example', DENIED],
  ['victim%relay.example@example.org', ROUTE],
  ['victim%relay.example', ROUTE],
  ['"victim%relay.example"@example.org', ROUTE],
  ['"victim@relay.example"@example.org', ROUTE],
  ['"victim@relay.example"', SYNTAX],
  ['victim@relay.example@example.org', ROUTE],
  ['@example.org:victim@relay.example', DENIED],
  ['@example.org,@mx.test:victim@relay.example', DENIED],
  ['@relay.example:alice@example.org', TAKEN],
  ['@relay.example,@[192.0.2.1],@[IPv6:2001:db8::1]:alice@example.org', TAKEN],
  ['@relay.example:victim%relay.example@example.org', ROUTE],
  ['@relay.example:@mx.test:alice@example.org', ROUTE],
  ['@relay.example,mx.test:alice@example.org', SYNTAX],
  ['@:alice@example.org', SYNTAX],
  ['@relay.example', SYNTAX],
  ['relay.example!victim', ROUTE],
  ['relay.example!victim@example.org', ROUTE],
  ['example.org!relay.example!victim', ROUTE],
  ['victim@[127.0.0.1]', LITERAL],
  ['victim@[IPv6:::1]', LITERAL],
  ['victim%relay.example@[127.0.0.1]', ROUTE],
  ['"victim@relay.example"@[127.0.0.1]', ROUTE],
  ['victim@127.0.0.1', DENIED],
  ['victim@0x7f.1', DENIED],
  ['victim@mx.test', DENIED],
  ['victim%relay.example@mx.test', ROUTE],
  ['victim@relay.example.', SYNTAX],
  ['victim@example.org.relay.example', DENIED],
  ['victim@relay.example/example.org', SYNTAX],
  ['victim@relay.example%00.example.org', SYNTAX],
  ['victim@relay.example#@example.org', ROUTE],
  ['victim@sub.example.org', DENIED],
  ['victim:relay.example@example.org', SYNTAX],
  ['victim=relay.example@example.org', TAKEN],
  ['victim+relay.example@example.org', TAKEN],
  ['"victim relay.example"@example.org', TAKEN],
])('<%s> is answered %s', async (path, answer) => {
  const talk = await SmtpTalk.open(house.port, 'client.example');
  // From outside, from ourselves and from nobody: the sender never opens the relay.
  for (const sender of ['spammer@spam.example', 'alice@example.org', 'postmaster@mx.test', '']) {
    const [mail, rcpt] = await talk.envelope(sender, [path]);
    expect([mail, rcpt]).toEqual(['250 2.1.0 sender ok', answer]);
    expect(await talk.data('Subject: relay?\r\n\r\n')).toMatch(answer === TAKEN ? /^250 / : /^503 5.5.1 /);
    await talk.say('RSET');
  }
  await talk.quit();
});

test('nothing was stored for a foreign domain', async () => {
  const foreign = await house.rows(
    `select recipient from delivery where lane <> 'local' or recipient !~ '@example\\.org$'`,
  );
  expect(foreign).toEqual([]);
  const [{ count } = { count: 0 }] = await house.rows<{ count: number }>('select count(*)::int as count from delivery');
  expect(count).toBe(20);
});
