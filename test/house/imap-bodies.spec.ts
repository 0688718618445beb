/** Messages in and out, octet for octet, small and large. */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ImapHouse, ImapTalk, type Mailbox, type RunningApp } from './imap.spec-helper.ts';

let imap: ImapHouse;
let app: RunningApp;
let box: Mailbox;
let talk: ImapTalk;
beforeAll(async () => {
  imap = await ImapHouse.open();
  app = await imap.start();
});
afterAll(async () => {
  await app.context.close();
  await imap.db.drop();
});
beforeEach(async () => {
  box = await imap.mailbox();
  talk = await ImapTalk.login(app.port, box, 'INBOX');
  return () => talk.client.reset();
});

/** Every octet but NUL, in lines. */
function octets(length: number, header = 'Subject: large\r\n\r\n'): Buffer {
  const body = Buffer.from(header, 'latin1');
  const whole = Buffer.alloc(length);
  // Every octet but NUL, and LF only behind CR.
  for (let at = 0; at < length; at++) {
    const any = 1 + ((at * 31 + (at >> 7)) % 255);
    whole[at] = at % 76 === 74 ? 13 : at % 76 === 75 ? 10 : any === 10 ? 11 : any;
  }
  body.copy(whole);
  return whole;
}

const literal = (response: string | undefined): Buffer => {
  const text = response ?? '';
  const start = text.indexOf('}\r\n') + 3;
  const size = Number(/\{(\d+)\}\r\n/.exec(text)?.[1]);
  return Buffer.from(text.slice(start, start + size), 'latin1');
};

describe('byte-identical', () => {
  test.for([0, 1, 100, 8 * 1024, 64 * 1024, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024])(
    '%i octets',
    async (size) => {
      const message = octets(size);
      expect(await talk.append('INBOX', message)).toMatch(/^OK \[APPENDUID 3 1\]/);
      const [whole] = await talk.ok('FETCH 1 BODY.PEEK[]');
      expect(literal(whole).equals(message)).toBe(true);
      const [part] = await talk.ok(`FETCH 1 BODY.PEEK[]<${Math.floor(size / 2)}.1000>`);
      expect(literal(part).equals(message.subarray(Math.floor(size / 2), Math.floor(size / 2) + 1000))).toBe(true);
      const [sizes] = await talk.ok('FETCH 1 RFC822.SIZE');
      expect(sizes).toBe(`* 1 FETCH (RFC822.SIZE ${size})`);
    },
  );

  test('bare CR, dots and no line end at all; a bare LF alone becomes a line end', async () => {
    const message = Buffer.from('Subject: x\r\n\n.\r..\n\rend');
    expect(await talk.append('INBOX', message)).toMatch(/^OK/);
    const [whole] = await talk.ok('FETCH 1 BODY.PEEK[]');
    expect(literal(whole).toString('latin1')).toBe('Subject: x\r\n\r\n.\r..\r\n\rend');
  });
});

test('NUL is refused, and the session goes on', async () => {
  expect(await talk.append('INBOX', Buffer.from('Subject: x\r\n\r\na\0b'))).toBe(
    'NO [CANNOT] the message holds NUL octets',
  );
  expect(await talk.append('INBOX', Buffer.alloc(2_000_000))).toBe('NO [CANNOT] the message holds NUL octets');
  expect((await talk.ok('STATUS INBOX (MESSAGES)')).at(0)).toBe('* STATUS INBOX (MESSAGES 0)');
});

test('a large message: sections, search, \\Seen, copy', async () => {
  const message = octets(3 * 1024 * 1024, 'From: big@example.net\r\nSubject: large one\r\n\r\n');
  await talk.append('INBOX', message, '(\\Flagged) ');
  expect((await talk.ok('FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]')).at(0)).toContain('Subject: large one\r\n');
  expect((await talk.ok('SEARCH SUBJECT "LARGE ONE" FROM big')).at(0)).toBe('* SEARCH 1');
  expect((await talk.ok('SEARCH TEXT "large one"')).at(0)).toBe('* SEARCH 1');
  expect((await talk.ok('SEARCH BODY "not in there"')).at(0)).toBe('* SEARCH');
  const two = await talk.ok('FETCH 1 (BODY.PEEK[TEXT]<0.10> UID BODY[1] FLAGS)');
  expect(two.at(0)).toMatch(/FLAGS \(\\Seen \\Flagged \\Recent\)\)$/);
  expect((await talk.ok('COPY 1 Sent')).length).toBe(0);
  await talk.ok('SELECT Sent');
  expect(literal((await talk.ok('FETCH 1 RFC822')).at(0)).equals(message)).toBe(true);
});

describe('a message whose octets are lost', () => {
  const TRACE = 'Received: by example.org\r\n';
  const small = octets(100);

  /** Between two small messages, with trace lines as the worker puts on top. */
  async function damaged(lostChunk: number): Promise<void> {
    for (const message of [small, octets(2 * 1024 * 1024), small]) await talk.append('INBOX', message);
    const { owner } = imap.db;
    const second = 'mailbox_id = $1 and uid = 2';
    await owner.query(
      `update folder_message set trace = convert_to($2, 'UTF8'), octets = octets + length($2) where ${second}`,
      [box.mailboxId, TRACE],
    );
    await owner.query(
      `delete from message_chunk where number = $2 and message_id = (select message_id from folder_message where ${second})`,
      [box.mailboxId, lostChunk],
    );
  }

  test.for([
    'BODY.PEEK[]',
    'RFC822',
    'FLAGS BODY.PEEK[HEADER]',
    'BODY.PEEK[HEADER.FIELDS (SUBJECT)]',
    'BODY.PEEK[9] BODY.PEEK[TEXT]',
    'BODY BODY.PEEK[]<10.1000>',
  ])('FETCH (%s): NO behind what was read before it, and the session goes on', async (items) => {
    await damaged(0);
    const lines = await talk.say(`FETCH 1:3 (${items})`);
    expect(lines.map((line) => line.split(' (')[0])).toEqual([
      '* 1 FETCH',
      'NO [UNAVAILABLE] temporary failure, try again later',
    ]);
    expect(literal((await talk.ok('FETCH 3 BODY.PEEK[]')).at(0)).equals(small)).toBe(true);
    // What lies in the trace alone is there.
    expect(await talk.ok('FETCH 2 BODY.PEEK[]<0.9>')).toEqual(['* 2 FETCH (BODY[]<0> {9}\r\nReceived:)']);
  });

  test('flags that a failed response was to tell are told later', async () => {
    await damaged(0);
    await talk.ok('NOOP');
    const other = await ImapTalk.login(app.port, box, 'INBOX');
    await other.ok('STORE 2 +FLAGS.SILENT (\\Flagged)');
    const lines = [...(await talk.say('FETCH 2 (FLAGS BODY.PEEK[])')), ...(await talk.ok('NOOP'))];
    // With the NO or behind it, as the bell rings.
    expect(lines.map((line) => line.replace(/^NO.*/, 'NO')).toSorted()).toEqual([
      '* 2 FETCH (FLAGS (\\Flagged \\Recent))',
      'NO',
    ]);
    other.client.reset();
  });

  test('in its middle: the connection ends behind what was read before it, and nothing looks complete', async () => {
    await damaged(1);
    await talk.send('FETCH 1:3 BODY.PEEK[]');
    expect(literal(await talk.response()).equals(small)).toBe(true);
    const announced = /^\* 2 FETCH \(BODY\[\] \{(\d+)\}$/.exec((await talk.client.line()) ?? '')?.[1];
    expect(Number(announced)).toBe(2 * 1024 * 1024 + TRACE.length);
    expect((await talk.client.rest()).length).toBeLessThan(Number(announced));
  });
});

test('many messages: batches join without a seam', async () => {
  const all: Buffer[] = [];
  for (let at = 0; at < 230; at++) {
    const message = octets(100 + at * 97, `Subject: number ${at}\r\n\r\n`);
    all.push(message);
    await imap.put(box, message);
  }
  await talk.ok('NOOP');
  const whole = (await talk.ok('FETCH 1:* BODY.PEEK[]')).map(literal);
  expect(whole).toHaveLength(230);
  expect(Buffer.concat(whole).equals(Buffer.concat(all))).toBe(true);
  expect((await talk.ok('SEARCH SUBJECT "number 22"')).at(0)).toBe(
    `* SEARCH 23 ${Array.from({ length: 10 }, (_, at) => 221 + at).join(' ')}`,
  );
  expect(await talk.ok('FETCH 1:* (UID ENVELOPE)')).toHaveLength(230);
  await talk.ok('STORE 100:* +FLAGS.SILENT (\\Deleted)');
  await talk.ok('EXPUNGE');
  expect(await talk.ok('FETCH 1:* FLAGS')).toHaveLength(99);
});

test('a client that does not read holds up nobody, and gets every octet at last', async () => {
  const message = octets(1024 * 1024);
  for (let at = 0; at < 12; at++) await imap.put(box, message);
  await talk.ok('NOOP');
  talk.client.socket.pause();
  await talk.send('FETCH 1:* BODY.PEEK[]');
  const other = await ImapTalk.login(app.port, box, 'INBOX');
  expect(await other.ok('FETCH 1:* UID')).toHaveLength(12);
  talk.client.socket.resume();
  const lines = await talk.until();
  expect(lines.pop()).toBe('OK fetched');
  expect(lines.map(literal).every((got) => got.equals(message))).toBe(true);
  other.client.reset();
});

describe('bombs', () => {
  const deep = (levels: number): string =>
    Array.from(
      { length: levels },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
    ).join('');
  test.for<[string, () => string]>([
    [
      '10,000 parts',
      () => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(10_000)}--b--\r\n`,
    ],
    ['1,000 levels', () => deep(1_000)],
    ['100,000 header lines', () => `${'X: y\r\n'.repeat(100_000)}\r\nbody\r\n`],
    ['messages in messages', () => 'Content-Type: message/rfc822\r\n\r\n'.repeat(500)],
  ])('%s', async ([, make]) => {
    const message = Buffer.from(make());
    expect(await talk.append('INBOX', message)).toMatch(/^OK/);
    const lines = await talk.ok(
      'FETCH 1 (ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[1.1.1.MIME] BODY.PEEK[HEADER.FIELDS (SUBJECT)])',
    );
    expect(lines).toHaveLength(1);
    expect((await talk.ok('SEARCH TEXT "not there"')).at(0)).toBe('* SEARCH');
    expect(literal((await talk.ok('FETCH 1 BODY.PEEK[]')).at(0)).equals(message)).toBe(true);
  });
});
