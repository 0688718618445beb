/** Two processes of each app over one database: whichever a client meets, it is one house. */
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BuiltHouse, DOMAIN, PASSWORD } from './built.ts';
import { ImapTalk } from './imap-talk.ts';
import { OctetClient } from './octet-client.ts';
import { Pop3Talk } from './pop3-talk.ts';
import { HEARD_WITHIN, promptly } from './promptly.ts';

type Name = 'smtp' | 'pop3' | 'imap';

let house: BuiltHouse;
let ports: Readonly<Record<Name, readonly [number, number]>>;
beforeAll(async () => {
  house = await BuiltHouse.start();
  const both = async (name: Name): Promise<[number, number]> => [house.ports[name], await house.another(name)];
  ports = { smtp: await both('smtp'), pop3: await both('pop3'), imap: await both('imap') };
});
afterAll(async () => {
  expect(house?.ended()).toEqual([]);
  await house?.stop();
});

async function send(port: number, to: string, subject: string): Promise<void> {
  const talk = await SmtpTalk.open(port, 'client.example');
  expect(await talk.mail('anna@client.example', [to], `Subject: ${subject}\r\n\r\n`)).toMatch(
    /^250 2\.0\.0 queued as /,
  );
  await talk.quit();
}

test('mail by either smtp is read by either pop3 and either imap', async () => {
  const reader = `reader@${DOMAIN}`;
  await house.mailbox(reader);
  for (const [at, port] of ports.smtp.entries()) {
    await send(port, reader, `by smtp ${at + 1}`);
    await house.delivered();
  }
  const subjects = ['Subject: by smtp 1', 'Subject: by smtp 2'];
  for (const port of ports.pop3) {
    const talk = await Pop3Talk.open(port, reader);
    const messages: string[] = [];
    for await (const message of talk.retrieve([1, 2])) messages.push(message.toString());
    expect(messages.map((text) => subjects.filter((subject) => text.includes(subject)))).toEqual(
      subjects.map((subject) => [subject]),
    );
    await talk.quit();
  }
  for (const port of ports.imap) {
    const talk = await ImapTalk.login(port, reader);
    await talk.ask('SELECT INBOX');
    const found = await talk.ask('FETCH 1:2 BODY.PEEK[HEADER.FIELDS (SUBJECT)]');
    expect(found.map(({ literals }) => String(literals[0]))).toEqual(subjects.map((subject) => `${subject}\r\n\r\n`));
    await talk.logout();
  }
});

test('a maildrop is locked in both pop3 processes, and free in both when the session has ended', async () => {
  const reader = `locked@${DOMAIN}`;
  await house.mailbox(reader);
  for (const [here, there] of [ports.pop3, ports.pop3.toReversed()]) {
    const holder = await Pop3Talk.open(here ?? 0, reader);
    const other = await OctetClient.connect(there ?? 0);
    await other.line();
    other.send(`USER ${reader}\r\nPASS ${PASSWORD}\r\n`);
    expect(await other.line()).toBe('+OK send PASS');
    expect(await other.line()).toBe('-ERR [IN-USE] maildrop is open in another session');
    other.drop();
    await holder.quit();
    await (await Pop3Talk.open(there ?? 0, reader)).quit();
  }
});

test('a client that idles in one imap process hears of mail by either smtp, and of what is done in the other imap', async () => {
  const reader = `idle@${DOMAIN}`;
  await house.mailbox(reader);
  const [first, second] = ports.imap;
  const idler = await ImapTalk.login(second, reader);
  await idler.ask('SELECT INBOX');
  idler.client.send('i IDLE\r\n');
  expect((await idler.response()).text).toBe('+ idling');
  let mails = 0;
  for (const port of ports.smtp)
    await promptly(HEARD_WITHIN, async () => {
      await send(port, reader, 'for the idler');
      const began = performance.now();
      expect((await idler.response()).text).toBe(`* ${++mails} EXISTS`);
      expect((await idler.response()).text).toBe(`* ${mails} RECENT`);
      return performance.now() - began;
    });
  const other = await ImapTalk.login(first, reader);
  await other.ask('SELECT INBOX');
  await other.ask('STORE 1 +FLAGS.SILENT (\\Flagged)');
  expect((await idler.response()).text).toBe('* 1 FETCH (FLAGS (\\Flagged \\Recent))');
  await other.logout();
  idler.client.drop();
});
