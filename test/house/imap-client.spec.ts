/** A foreign client, imapflow, from login to logout. */
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImapHouse, PASSWORD, type Mailbox, type RunningApp } from './imap.spec-helper.ts';

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

const MESSAGE = Buffer.from('From: a@example.net\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nhello\r\n');

test('imapflow reads, writes, searches, moves and waits', async () => {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: app.port,
    secure: false,
    auth: { user: box.address, pass: PASSWORD },
    logger: false,
  });
  await client.connect();
  const folders = await client.list();
  expect(folders.map(({ path }) => path).sort()).toEqual(['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
  expect(folders.find(({ specialUse }) => specialUse === '\\Trash')?.path).toBe('Trash');
  expect(await client.mailboxCreate('Grüße/Mai')).toMatchObject({ path: 'Grüße/Mai', created: true });

  const appended = await client.append('INBOX', MESSAGE, ['\\Flagged'], new Date('2024-05-06T07:08:09Z'));
  expect(appended).toMatchObject({ uid: 1 });
  const lock = await client.getMailboxLock('INBOX');
  expect(client.mailbox).toMatchObject({ exists: 1, uidNext: 2 });
  const fetched = await client.fetchOne('1', {
    envelope: true,
    flags: true,
    source: true,
    bodyStructure: true,
    internalDate: true,
  });
  expect(fetched).toMatchObject({ uid: 1, envelope: { subject: 'Grüße' }, bodyStructure: { type: 'text/plain' } });
  expect(fetched && fetched.source?.equals(MESSAGE)).toBe(true);
  expect(fetched && [...(fetched.flags ?? [])]).toContain('\\Flagged');

  expect(await client.search({ subject: 'Grüße' }, { uid: true })).toEqual([1]);
  expect(await client.search({ seen: true })).toEqual([]);
  await client.messageFlagsAdd('1', ['\\Seen', '$Label']);
  expect(await client.search({ seen: true })).toEqual([1]);

  const news = new Promise<number>((resolve) =>
    client.once('exists', ({ count }: { count: number }) => resolve(count)),
  );
  const idling = client.idle();
  await imap.put(box, MESSAGE);
  const second = new ImapFlow({
    host: '127.0.0.1',
    port: app.port,
    secure: false,
    auth: { user: box.address, pass: PASSWORD },
    logger: false,
  });
  await second.connect();
  await second.append('INBOX', MESSAGE);
  expect(await news).toBe(3);
  await client.noop();
  await idling;

  expect(await client.messageMove('1', 'Grüße/Mai')).toMatchObject({ uidMap: new Map([[1, 1]]) });
  expect(client.mailbox).toMatchObject({ exists: 2 });
  expect(await client.messageCopy('1:*', 'Archive')).toMatchObject({
    uidMap: new Map([
      [2, 1],
      [3, 2],
    ]),
  });
  expect(await client.messageDelete('1:*')).toBe(true);
  expect(client.mailbox).toMatchObject({ exists: 0 });
  lock.release();
  expect(await client.status('Grüße/Mai', { messages: true, unseen: true })).toMatchObject({ messages: 1, unseen: 0 });
  await client.mailboxClose();
  await client.mailboxRename('Grüße/Mai', 'Grüße/Juni');
  expect(await client.mailboxDelete('Grüße/Juni')).toMatchObject({ path: 'Grüße/Juni' });
  await second.logout();
  await client.logout();
});
