/** Every message of the corpus through the built apps: in over SMTP, out over POP3 and over IMAP, octet for octet. */
import { replyToViolation, showReply } from '#smtp';
import { SmtpTalk } from '#testing';
import { ImapFlow, type FetchMessageObject } from 'imapflow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { corpus, type CorpusMessage } from '../corpus/index.ts';
import { readDescription, type Description } from './body-structure.ts';
import { BuiltHouse, DOMAIN, PASSWORD } from './built.ts';
import { ImapTalk } from './imap-talk.ts';
import { Pop3Talk } from './pop3-talk.ts';

const READER = `reader@${DOMAIN}`;
const NOBODY = `nobody@${DOMAIN}`;
const SENDER = 'sender@client.example';
const CONNECTIONS = 3;

const messages = [...corpus()];
const accepted = messages.filter(({ refused }) => refused === undefined);
const refused = messages.filter(
  (message): message is CorpusMessage & Required<Pick<CorpusMessage, 'refused'>> => message.refused !== undefined,
);

let house: BuiltHouse;
/** By queue id. */
const sent = new Map<string, CorpusMessage>();
const refusals: string[] = [];

beforeAll(async () => {
  house = await BuiltHouse.start();
  await house.mailbox(READER);
  await house.mailbox(NOBODY);
  const waiting = accepted.values();
  await Promise.all(Array.from({ length: CONNECTIONS }, () => sendAll(waiting)));
  await house.delivered();
});
afterAll(() => house?.stop());

async function sendAll(waiting: Iterable<CorpusMessage>): Promise<void> {
  const talk = await SmtpTalk.open(house.ports.smtp, 'client.example');
  for (const message of waiting) {
    const reply = await talk.mail(SENDER, [READER], message.octets);
    const id = /^250 2\.0\.0 queued as (msg_\w{26})$/.exec(reply)?.[1];
    if (id === undefined) refusals.push(`${message.name}: ${reply}`);
    else sent.set(id, message);
  }
  await talk.quit();
}

/** What the house puts on top. */
const TRACE = new RegExp(
  String.raw`^Return-Path: <sender@client\.example>\r\nDelivered-To: reader@built\.test\r\n` +
    String.raw`Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.built\.test \(Posthouse\) with ESMTP id (msg_\w{26})` +
    String.raw`\r\n\tfor <reader@built\.test>;\r\n\t[^\r\n]{20,40} \+0000\r\n`,
);

/**
 * What went in. RFC 5321 4.1.1.4: a message without a final CRLF has gained one. One without a header has gained the empty line that
 * tells its text from our fields.
 */
function entered({ octets, headless }: CorpusMessage): Buffer {
  const isEnded = octets.length === 0 || octets.subarray(-2).toString('latin1') === '\r\n';
  return Buffer.concat([Buffer.from(headless ? '\r\n' : ''), octets, Buffer.from(isEnded ? '' : '\r\n')]);
}

/** Compares what comes out with what went in; afterwards `faults` says what is wrong, and must be empty. */
class Comparison {
  readonly faults: string[] = [];
  readonly #missing = new Set(sent.keys());

  /** @param announced octets that the server says it has */
  take(octets: Buffer, announced: number | undefined): void {
    const trace = TRACE.exec(octets.toString('latin1', 0, 1000));
    const message = sent.get(trace?.[1] ?? '');
    if (!trace || !message || !this.#missing.delete(trace[1] ?? '')) {
      this.faults.push(`unknown, or twice: ${octets.toString('latin1', 0, 300)}`);
      return;
    }
    const body = octets.subarray(trace[0].length);
    const expected = entered(message);
    if (!body.equals(expected)) this.faults.push(`${message.name}: ${firstDifference(body, expected)}`);
    if (announced !== octets.length)
      this.faults.push(`${message.name}: is said to have ${announced} octets, has ${octets.length}`);
  }

  end(): string[] {
    return [...this.faults, ...[...this.#missing].map((id) => `${sent.get(id)?.name}: missing`)];
  }
}

function firstDifference(is: Buffer, should: Buffer): string {
  const at = is.findIndex((octet, index) => octet !== should[index]);
  const from = Math.max(0, at - 20);
  const show = (octets: Buffer): string => JSON.stringify(octets.toString('latin1', from, from + 60));
  return `${is.length} octets for ${should.length}, differs at ${at}: ${show(is)} for ${show(should)}`;
}

test('all that a mail server must take is taken', () => {
  expect(refusals).toEqual([]);
  expect(sent.size).toBe(accepted.length);
  expect(sent.size).toBeGreaterThanOrEqual(357);
});

test('SMTP -> POP3: byte-identical, sizes exact', async () => {
  const talk = await Pop3Talk.open(house.ports.pop3, READER);
  const sizes = await talk.list();
  const comparison = new Comparison();
  let number = 0;
  for await (const message of talk.retrieve([...sizes.keys()])) comparison.take(message, sizes.get(++number));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(await talk.ask('STAT')).toBe(`+OK ${sizes.size} ${total}`);
  await talk.quit();
  expect(comparison.end()).toEqual([]);
  expect(sizes.size).toBe(sent.size);
});

test('SMTP -> IMAP: byte-identical, sizes exact', async () => {
  const talk = await ImapTalk.login(house.ports.imap, READER);
  const selected = await talk.ask('EXAMINE INBOX');
  expect(selected.map(({ text }) => text)).toContain(`* ${sent.size} EXISTS`);
  const comparison = new Comparison();
  for await (const { text, literals } of talk.each('FETCH 1:* (RFC822.SIZE BODY.PEEK[])')) {
    const size = /RFC822\.SIZE (\d+)/.exec(text)?.[1];
    comparison.take(literals[0] ?? Buffer.alloc(0), Number(size));
  }
  expect(comparison.end()).toEqual([]);
  await talk.logout();
});

/** Sections that one FETCH asks for: under MAX_FETCH_ITEMS of #imap. */
const SECTIONS = 100;

test('IMAP describes every one of them in the strict grammar, and each part has the size it is said to have', async () => {
  const talk = await ImapTalk.login(house.ports.imap, READER);
  await talk.ask('EXAMINE INBOX');
  const described: Description[] = [];
  for await (const response of talk.each('FETCH 1:* (ENVELOPE BODYSTRUCTURE)'))
    described.push(readDescription(response));
  expect(described.map(({ number }) => number)).toEqual(Array.from({ length: sent.size }, (_, at) => at + 1));
  const faults: string[] = [];
  for (const { number, leaves } of described) {
    for (let from = 0; from < leaves.length; from += SECTIONS) {
      const asked = leaves.slice(from, from + SECTIONS);
      const [answer] = await talk.ask(
        `FETCH ${number} (${asked.map(({ section }) => `BODY.PEEK[${section}]`).join(' ')})`,
      );
      const should = asked.map(({ section, octets }) => `BODY[${section}] {${octets}}`).join(' ');
      if (answer?.text !== `* ${number} FETCH (${should})`) faults.push(`${answer?.text} instead of ${should}`);
    }
  }
  expect(faults).toEqual([]);
  await talk.logout();
});

/** Message numbers by the names of the corpus. */
async function numbered(talk: ImapTalk): Promise<Map<string, number>> {
  await talk.ask('EXAMINE INBOX');
  const numbers = new Map<string, number>();
  for await (const { text, literals } of talk.each('FETCH 1:* BODY.PEEK[HEADER.FIELDS (RECEIVED)]')) {
    const id = /id (msg_\w{26})/.exec(String(literals[0]))?.[1] ?? '';
    numbers.set(sent.get(id)?.name ?? '', Number(/^\* (\d+)/.exec(text)?.[1]));
  }
  return numbers;
}

test('the text of mail without a header is its body, and SEARCH finds what is in reports, part headers and attached messages', async () => {
  const talk = await ImapTalk.login(house.ports.imap, READER);
  const numbers = await numbered(talk);
  const headless = numbers.get('no-header-no-empty-line');
  const [described] = await talk.ask(`FETCH ${headless} (BODYSTRUCTURE BODY.PEEK[TEXT])`);
  expect(described?.text).toBe(
    `* ${headless} FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 32 2 NIL NIL NIL NIL) BODY[TEXT] {32})`,
  );
  expect(String(described?.literals[0])).toBe('just some words\r\nand some more\r\n');
  for (const [name, key] of [
    ['no-header-no-empty-line', 'BODY "just some words"'],
    ['no-header-text', 'BODY "Dear all,"'],
    ['mbox-from', 'SUBJECT "Mbox"'],
    ['dsn-full', 'BODY "Action: failed"'],
    ['mixed-three', 'TEXT "filename=a.pdf"'],
    ['forward-base64', 'BODY "Subject: Inside"'],
  ] as const) {
    const [answer] = await talk.ask(`SEARCH ${numbers.get(name)} ${key}`);
    expect(answer?.text, `${name} ${key}`).toBe(`* SEARCH ${numbers.get(name)}`);
  }
  await talk.logout();
});

test('imapflow reads every envelope and structure, that of a message in base64 too', async () => {
  const talk = await ImapTalk.login(house.ports.imap, READER);
  const numbers = await numbered(talk);
  await talk.logout();
  const port = house.ports.imap;
  const auth = { user: READER, pass: PASSWORD };
  const client = new ImapFlow({ host: '127.0.0.1', port, secure: false, doSTARTTLS: false, auth, logger: false });
  await client.connect();
  await client.mailboxOpen('INBOX', { readOnly: true });
  const read = new Map<number, FetchMessageObject>();
  for await (const one of client.fetch('1:*', { envelope: true, bodyStructure: true })) {
    if (one.envelope && one.bodyStructure?.type) read.set(one.seq, one);
  }
  expect([...read.keys()]).toEqual(Array.from({ length: sent.size }, (_, at) => at + 1));
  const encoded = read.get(numbers.get('forward-base64') ?? 0)?.bodyStructure?.childNodes?.[1];
  expect(encoded).toMatchObject({ part: '2', type: 'message/rfc822', encoding: 'base64', size: 436 });
  await client.logout();
});

test.for(refused)('$name is refused', async ({ refused: why, octets }) => {
  const talk = await SmtpTalk.open(house.ports.smtp, 'client.example');
  expect(await talk.mail(SENDER, [NOBODY], octets)).toBe(showReply(replyToViolation(why)));
  // After octets that could hide a command, nothing that follows is one.
  if (why === 'bare-cr' || why === 'bare-lf') expect(await talk.reply()).toBe('');
  else expect(await talk.mail(SENDER, [READER], 'Subject: the session goes on\r\n\r\n')).toMatch(/^250 /);
  await talk.client.end();
});

test('of what was refused nothing is left', async () => {
  await house.delivered();
  const [left] = await house.rows(
    `select (select count(*)::int from delivery where recipient = $1) as deliveries,
            (select count(*)::int from message where state <> 'accepted') as pending,
            (select count(*)::int from message m where not exists (select from folder_message f where f.message_id = m.id)) as stray,
            (select count(*)::int from message_chunk c where not exists (select from message m where m.id = c.message_id)) as chunks,
            (select messages::int from mailbox_usage u join mailbox b on b.id = u.mailbox_id where b.name = $1) as delivered`,
    [NOBODY],
  );
  expect(left).toEqual({ deliveries: 0, pending: 0, stray: 0, chunks: 0, delivered: 0 });
  expect(house.ended()).toEqual([]);
});
