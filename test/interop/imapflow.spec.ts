/** imapflow works in a mailbox that nodemailer fills through port 25 and the worker. */
import { once } from 'node:events';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BuiltHouse, DOMAIN, PASSWORD } from './built.ts';
import { HEARD_WITHIN, promptly } from './promptly.ts';

let house: BuiltHouse;
let clients: ImapFlow[] = [];
let mailboxes = 0;
beforeAll(async () => {
  house = await BuiltHouse.start({ apps: ['smtp', 'worker', 'imap'] });
});
afterAll(async () => {
  for (const client of clients) client.close();
  clients = [];
  await house?.stop();
});

function flow(user: string, pass = PASSWORD): ImapFlow {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: house.ports.imap,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass },
    logger: false,
  });
  client.on('error', () => undefined); // of connections cut at the end
  clients.push(client);
  return client;
}

/** A mailbox of its own, and a client that is logged in to it. */
async function fresh(): Promise<{ address: string; client: ImapFlow }> {
  const address = `flow${++mailboxes}@${DOMAIN}`;
  await house.mailbox(address);
  const client = flow(address);
  await client.connect();
  return { address, client };
}

const message = (subject: string, body = 'text'): string =>
  `From: Anna <anna@client.example>\r\nTo: bert@${DOMAIN}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@client.example>\r\n\r\n${body}\r\n`;

test('connects, and learns who it talks to', async () => {
  const { client } = await fresh();
  expect(client.authenticated).toBe(true);
  expect(client.usable).toBe(true);
  for (const capability of [
    'IMAP4rev1',
    'IDLE',
    'UIDPLUS',
    'MOVE',
    'NAMESPACE',
    'ID',
    'SPECIAL-USE',
    'UNSELECT',
    'ENABLE',
  ]) {
    expect([...client.capabilities.keys()], capability).toContain(capability);
  }
  await client.logout();
});

test('a wrong password', async () => {
  const { address } = await fresh();
  await expect(flow(address, 'wrong horse').connect()).rejects.toMatchObject({ authenticationFailed: true });
});

test('lists the folders with their special use, and their status', async () => {
  const { client } = await fresh();
  const folders = await client.list({ statusQuery: { messages: true, unseen: true, uidNext: true } });
  expect(folders.map(({ path, specialUse }) => [path, specialUse])).toEqual(
    expect.arrayContaining([
      ['INBOX', '\\Inbox'],
      ['Drafts', '\\Drafts'],
      ['Junk', '\\Junk'],
      ['Sent', '\\Sent'],
      ['Trash', '\\Trash'],
    ]),
  );
  for (const { status } of folders) expect(status).toMatchObject({ messages: 0, unseen: 0, uidNext: 1 });
  expect(await client.status('INBOX', { messages: true, uidValidity: true, recent: true })).toMatchObject({
    path: 'INBOX',
    messages: 0,
    uidValidity: expect.any(BigInt),
  });
});

test('appends and fetches it back: source, envelope, structure, flags, date', async () => {
  const { client } = await fresh();
  const source =
    'From: =?utf-8?q?J=C3=BCrgen?= <juergen@client.example>\r\nTo: Bert <bert@built.test>, carla@built.test\r\n' +
    'Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nDate: Mon, 1 Jun 2026 10:15:00 +0200\r\nMessage-ID: <a1@client.example>\r\n' +
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHallo\r\n' +
    '--b\r\nContent-Type: application/pdf; name="x.pdf"\r\nContent-Disposition: attachment; filename="x.pdf"\r\n' +
    'Content-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--b--\r\n';
  const appended = await client.append('INBOX', source, ['\\Seen', '$Forwarded'], new Date('2026-06-02T12:00:00Z'));
  expect(appended).toMatchObject({ destination: 'INBOX', uid: 1 });
  const mailbox = await client.mailboxOpen('INBOX');
  expect(mailbox).toMatchObject({ path: 'INBOX', exists: 1, uidNext: 2, readOnly: false });
  const fetched = await client.fetchOne('1', {
    uid: true,
    flags: true,
    size: true,
    internalDate: true,
    envelope: true,
    bodyStructure: true,
    source: true,
    headers: ['subject'],
  });
  if (fetched === false) throw new Error('nothing was fetched');
  expect(fetched.source?.toString()).toBe(source);
  expect(fetched.size).toBe(source.length);
  expect(fetched.flags).toEqual(new Set(['\\Seen', '\\Recent', '$Forwarded']));
  expect(fetched.internalDate).toEqual(new Date('2026-06-02T12:00:00Z'));
  expect(fetched.envelope).toMatchObject({
    subject: 'Grüße',
    messageId: '<a1@client.example>',
    date: new Date('2026-06-01T08:15:00Z'),
    from: [{ name: 'Jürgen', address: 'juergen@client.example' }],
    to: [{ name: 'Bert', address: 'bert@built.test' }, { address: 'carla@built.test' }],
  });
  expect(fetched.bodyStructure).toMatchObject({
    type: 'multipart/mixed',
    childNodes: [
      { part: '1', type: 'text/plain', parameters: { charset: 'utf-8' }, size: 5 },
      { part: '2', type: 'application/pdf', disposition: 'attachment', dispositionParameters: { filename: 'x.pdf' } },
    ],
  });
  expect(fetched.headers?.toString()).toMatch(/^Subject: =\?utf-8\?b\?/);
  const { content } = await client.download('1', '2');
  const chunks: Buffer[] = [];
  if (content) for await (const chunk of content) chunks.push(Buffer.from(chunk));
  expect(Buffer.concat(chunks)).toEqual(Buffer.from([0, 1, 2, 3]));
});

test('searches', async () => {
  const { client } = await fresh();
  for (const subject of ['apples', 'pears', 'more apples'])
    await client.append('INBOX', message(subject, `about ${subject}`));
  await client.mailboxOpen('INBOX');
  await client.messageFlagsAdd('2', ['\\Flagged']);
  expect(await client.search({ subject: 'APPLES' }, { uid: true })).toEqual([1, 3]);
  expect(await client.search({ flagged: true }, { uid: true })).toEqual([2]);
  expect(await client.search({ or: [{ body: 'pears' }, { body: 'more' }] }, {})).toEqual([2, 3]);
  expect(await client.search({ header: { 'message-id': 'pears@client.example' } })).toEqual([2]);
  expect(await client.search({ from: 'anna', since: new Date('2020-01-01'), larger: 10, seen: false })).toEqual([
    1, 2, 3,
  ]);
  expect(await client.search({ subject: 'Grüße' })).toEqual([]);
  expect(await client.search({ not: { all: true } })).toEqual([]);
});

test('sets and clears flags and keywords', async () => {
  const { client } = await fresh();
  await client.append('INBOX', message('flags'));
  const { permanentFlags } = await client.mailboxOpen('INBOX');
  expect([...(permanentFlags ?? [])]).toEqual(expect.arrayContaining(['\\Seen', '\\Deleted', '\\*']));
  const flags = async (): Promise<unknown> => {
    const fetched = await client.fetchOne('1', { flags: true });
    return (
      fetched !== false &&
      [...(fetched.flags ?? [])].filter((flag) => flag !== '\\Recent').toSorted((a, b) => (a < b ? -1 : 1))
    );
  };
  await client.messageFlagsAdd('1', ['\\Seen', '$Label1']);
  expect(await flags()).toEqual(['$Label1', '\\Seen']);
  await client.messageFlagsRemove('1', ['\\Seen']);
  expect(await flags()).toEqual(['$Label1']);
  await client.messageFlagsSet('1', ['\\Answered', '\\Flagged']);
  expect(await flags()).toEqual(['\\Answered', '\\Flagged']);
});

test('copies, moves and deletes', async () => {
  const { client } = await fresh();
  for (const subject of ['one', 'two', 'three']) await client.append('INBOX', message(subject));
  await client.mailboxOpen('INBOX');
  expect(await client.messageCopy('1:2', 'Archive/2026')).toBe(false);
  expect(await client.messageCopy('1:2', 'Sent')).toMatchObject({
    destination: 'Sent',
    uidMap: new Map([
      [1, 1],
      [2, 2],
    ]),
  });
  expect(await client.messageMove('2', 'Trash', { uid: true })).toMatchObject({
    destination: 'Trash',
    uidMap: new Map([[2, 1]]),
  });
  expect(await client.search({ all: true }, { uid: true })).toEqual([1, 3]);
  const expunged = once(client, 'expunge');
  expect(await client.messageDelete('1')).toBe(true);
  expect(await expunged).toMatchObject([{ path: 'INBOX', seq: 1 }]);
  expect(await client.search({ all: true }, { uid: true })).toEqual([3]);
  expect(await client.status('Sent', { messages: true })).toMatchObject({ messages: 2 });
  expect(await client.status('Trash', { messages: true })).toMatchObject({ messages: 1 });
});

test('makes, renames and deletes folders with names of any script', async () => {
  const { client } = await fresh();
  const paths = async (): Promise<string[]> => (await client.list()).map(({ path }) => path);
  const delimiter = client.namespace?.delimiter ?? '/';
  const child = ['Entwürfe & Pläne', '会議 2026', '🐎 Pferde'].join(delimiter);
  expect(await client.mailboxCreate(['Entwürfe & Pläne', '会議 2026', '🐎 Pferde'])).toMatchObject({
    path: child,
    created: true,
  });
  expect(await client.mailboxCreate(child)).toMatchObject({ path: child, created: false });
  expect(await paths()).toContain(child);
  await client.append(child, message('in a deep folder'));
  expect(await client.mailboxRename('Entwürfe & Pläne', 'Отпуск')).toMatchObject({ newPath: 'Отпуск' });
  const renamed = ['Отпуск', '会議 2026', '🐎 Pferde'].join(delimiter);
  expect(await paths()).toContain(renamed);
  expect(await paths()).not.toContain(child);
  expect(await client.mailboxOpen(renamed)).toMatchObject({ exists: 1 });
  await client.mailboxClose();
  expect(await client.mailboxSubscribe(renamed)).toBe(true);
  expect((await client.list()).find(({ path }) => path === renamed)?.subscribed).toBe(true);
  expect(await client.mailboxUnsubscribe(renamed)).toBe(true);
  expect(await client.mailboxDelete(renamed)).toMatchObject({ path: renamed });
  expect(await paths()).not.toContain(renamed);
  for (const name of ['__proto__', 'constructor', 'a"b\\c', '%*', '&', 'x'.repeat(200)]) {
    await client.mailboxCreate(name).catch(() => undefined); // some may be refused
    expect(await client.noop(), name).toBeUndefined();
  }
  expect(await paths()).toEqual(expect.arrayContaining(['__proto__', 'constructor', '&']));
});

test('while it idles it sees in time a mail that comes in over port 25', async () => {
  const { client, address } = await fresh();
  await client.mailboxOpen('INBOX');
  const idling = client.idle();
  const transport = createTransport({ host: '127.0.0.1', port: house.ports.smtp, ignoreTLS: true });
  let count = 0;
  const hearsOfNext = async (): Promise<number> => {
    const exists = once(client, 'exists');
    const subject = `idle ${++count}`;
    await transport.sendMail({ from: 'anna@client.example', to: address, subject, text: 'hello' });
    const began = performance.now();
    expect(await exists).toMatchObject([{ path: 'INBOX', count, prevCount: count - 1 }]);
    return performance.now() - began;
  };
  for (let mails = 0; mails < 3; mails++) await promptly(HEARD_WITHIN, hearsOfNext);
  const fetched = await client.fetchOne('*', { envelope: true, source: true }); // breaks off the IDLE
  expect(await idling).not.toBe(false);
  expect(fetched).toMatchObject({ seq: count, envelope: { subject: `idle ${count}` } });
});

test('while it idles it sees what another client does', async () => {
  const { client, address } = await fresh();
  await client.append('INBOX', message('shared'));
  await client.mailboxOpen('INBOX');
  const idling = client.idle();
  const other = flow(address);
  await other.connect();
  await other.mailboxOpen('INBOX');
  const flagged = once(client, 'flags');
  await other.messageFlagsAdd('1', ['\\Flagged']);
  expect(await flagged).toMatchObject([{ path: 'INBOX', seq: 1, flags: new Set(['\\Flagged', '\\Recent']) }]);
  const expunged = once(client, 'expunge');
  await other.messageMove('1', 'Trash');
  expect(await expunged).toMatchObject([{ path: 'INBOX', seq: 1 }]);
  await client.noop();
  await idling;
});

test('a fetch of many messages', async () => {
  const { client, address } = await fresh();
  const pool = createTransport({ host: '127.0.0.1', port: house.ports.smtp, ignoreTLS: true, pool: true });
  const subjects = Array.from({ length: 200 }, (_, at) => `number ${at}`);
  await Promise.all(
    subjects.map((subject) =>
      pool.sendMail({ from: 'anna@client.example', to: address, subject, text: subject.repeat(100) }),
    ),
  );
  pool.close();
  await house.delivered();
  await client.mailboxOpen('INBOX');
  const seen = new Set<string>();
  for await (const fetched of client.fetch('1:*', { envelope: true, source: true, bodyStructure: true })) {
    if (fetched.source?.includes(`Subject: ${fetched.envelope?.subject}`)) seen.add(fetched.envelope?.subject ?? '');
  }
  expect(seen).toEqual(new Set(subjects));
});
