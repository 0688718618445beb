import { LineClient, SmtpTalk } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmtpHouse, until, type SmtpHouse } from './smtp-house.ts';

let house: SmtpHouse;
beforeAll(async () => {
  house = await startSmtpHouse();
  await house.directory.domain('example.org');
  await house.directory.mailbox('alice@example.org');
  await house.startWorker();
});
afterAll(() => house.close());

/** A normal client, from greeting to the copy in INBOX. */
async function normalMail(text = 'Subject: normal\r\n\r\nbody\r\n'): Promise<void> {
  const before = await delivered();
  const talk = await SmtpTalk.open(house.port, 'client.example');
  expect(await talk.mail('a@b.example', ['alice@example.org'], text)).toMatch(/^250 2\.0\.0 queued as /);
  await talk.quit();
  await until(async () => ((await delivered()) > before ? true : undefined));
}
async function delivered(): Promise<number> {
  const [row] = await house.rows<{ count: number }>('select count(*)::int as count from folder_message');
  return row?.count ?? 0;
}

test('200 connections that dribble an octet at a time, in every phase, do not stop a normal client', async () => {
  const dribblers = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      const talk = await SmtpTalk.open(house.port);
      if (at % 4 > 0) await talk.say('EHLO slow.example');
      if (at % 4 > 1) await talk.envelope('a@b.example', ['alice@example.org']);
      if (at % 4 > 2) await talk.say('DATA');
      return talk;
    }),
  );
  let dribbling = true;
  const dribble = (async () => {
    while (dribbling) {
      for (const { client } of dribblers) await client.send('x');
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let count = 0; count < 5; count++) await normalMail();
  dribbling = false;
  await dribble;
  for (const { client } of dribblers) client.reset();
});

test('2,000 short connections in a row, of every rude kind, and then a normal client', async () => {
  for (let batch = 0; batch < 100; batch++) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const client = await LineClient.connect(house.port);
        if (at % 5 === 1) await client.line();
        if (at % 5 === 2)
          await client.send('EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nhalf a mess');
        if (at % 5 === 3) await client.send('QUIT\r\n');
        if (at % 2 === 0) client.reset();
        else client.socket.destroy();
      }),
    );
  }
  await normalMail();
});

test('10,000 unknown commands in one write', async () => {
  const client = await LineClient.connect(house.port);
  expect(await client.line()).toMatch(/^220 /);
  await client.send('WHAT is this\r\n'.repeat(10_000));
  const replies = (await client.rest()).split('\r\n');
  expect(replies.filter((line) => line.startsWith('500 5.5.2'))).toHaveLength(9);
  expect(replies.at(-2)).toBe('421 4.4.2 Error: too many unrecognized commands');
  await normalMail();
});

test('a client that pipelines and never reads is stopped by its own socket, not by our memory', async () => {
  const client = await LineClient.connect(house.port);
  client.socket.pause();
  for (let count = 0; count < 200; count++) client.socket.write('NOOP\r\n'.repeat(10_000));
  await normalMail();
  client.reset();
});

const PARTS = Array.from(
  { length: 10_000 },
  (_, at) => `--b\r\nContent-Type: text/plain; name="${at}.txt"\r\n\r\npart ${at}\r\n`,
);
const nested = (depth: number): string => {
  const levels = Array.from({ length: depth }, (_, at) => at);
  const heads = levels.map((at) => `Content-Type: multipart/mixed; boundary="b${at}"\r\n\r\n--b${at}\r\n`).join('');
  const tails = levels.toReversed().map((at) => `--b${at}--\r\n`).join(''); // prettier-ignore
  return `${heads}Content-Type: text/plain\r\n\r\nthe middle\r\n${tails}`;
};

test.each<[string, string]>([
  ['10,000 MIME parts', `Content-Type: multipart/mixed; boundary=b\r\n\r\n${PARTS.join('')}--b--\r\n`],
  ['a depth of 1,000', nested(1000)],
  [
    'a depth of 1,000 messages in messages',
    `${'Content-Type: message/rfc822\r\n\r\n'.repeat(1000)}Subject: inside\r\n\r\n`,
  ],
  ['100,000 header lines', `${'X-Many: lines\r\n'.repeat(100_000)}\r\nbody\r\n`],
  ['one header folded over 20,000 lines', `X-Long: a\r\n${'\tand more\r\n'.repeat(20_000)}\r\nbody\r\n`],
  [
    '5,000 addresses',
    `To: ${Array.from({ length: 5000 }, (_, at) => `u${at}@x.example`).join(',\r\n ')}\r\n\r\nbody\r\n`,
  ],
  [
    'parameters that decode to NUL and lone surrogates',
    `Content-Type: text/plain; name*=utf-8''a%00%ED%A0%80b\r\nSubject: =?utf-8?Q?=00=ED=A0=80?=\r\nMessage-ID: <\x80\xff@x>\r\n\r\n`,
  ],
])('%s: accepted and delivered', async (_name, text) => {
  await normalMail(text);
  const [row] = await house.rows<{ octets: number }>(
    'select octets::int from message order by received_at desc limit 1',
  );
  expect(row?.octets).toBeGreaterThanOrEqual(Buffer.byteLength(text));
});

test('a connection over the cap is told so and let go; a place that is freed is given again', async () => {
  const small = await startSmtpHouse({ settings: { POSTHOUSE_MAX_CONNECTIONS: '3' } });
  const inside = await Promise.all([1, 2, 3].map(() => SmtpTalk.open(small.port, 'client.example')));
  const outside = await LineClient.connect(small.port);
  expect(await outside.rest()).toBe('421 4.7.0 too many connections, try again later\r\n');
  await inside[0]?.quit();
  const again = await until(() => SmtpTalk.open(small.port, 'client.example').catch(() => undefined));
  expect(await again.say('NOOP')).toMatch(/^250/);
  for (const talk of [...inside.slice(1), again]) await talk.quit();
  await small.close();
});
