/** Sessions stay in step with what others change, and no command of one holds up the others. */
import type { FolderName } from '#domain';
import { LineClient } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImapHouse, ImapTalk, PASSWORD, type RunningApp } from './imap.spec-helper.ts';

let imap: ImapHouse;
let app: RunningApp;
beforeAll(async () => {
  imap = await ImapHouse.open();
  app = await imap.start();
});
afterAll(async () => {
  await app.context.close();
  await imap.db.drop();
});

const MAIL = 'Subject: one\r\n\r\ntext\r\n';

test('a STORE that changes nothing hides no EXPUNGE of another session', async () => {
  const box = await imap.mailbox();
  for (const flags of [1, 0, 8]) await imap.put(box, MAIL, { flags });
  const talk = await ImapTalk.login(app.port, box, 'INBOX');
  await talk.ok('FETCH 1:3 FLAGS');
  const inbox = await imap.store.status(box, 'INBOX' as FolderName);
  if (!inbox) return expect.fail('no INBOX');
  // By another process; no bell is rung.
  await imap.store.expunge(inbox, [{ first: 3, last: 3 }]);
  await talk.ok('STORE 1 +FLAGS (\\Seen)');
  expect(await talk.ok('NOOP')).toContain('* 3 EXPUNGE');
});

test('STORE .SILENT tells what another session changed in the same message', async () => {
  const box = await imap.mailbox();
  await imap.put(box, MAIL);
  const [one, other, witness] = await Promise.all([1, 2, 3].map(() => ImapTalk.login(app.port, box, 'INBOX')));
  if (!one || !other || !witness) return expect.fail('no sessions');
  await one.ok('FETCH 1 FLAGS');
  await witness.send('IDLE');
  expect(await witness.response()).toMatch(/^\+ /);
  await other.ok('STORE 1 +FLAGS (\\Flagged)');
  expect(await witness.response()).toMatch(/FLAGS \(.*\\Flagged/);
  const told = await one.ok('STORE 1 +FLAGS.SILENT (\\Seen)');
  expect(told).toEqual([expect.stringMatching(/^\* 1 FETCH \(FLAGS \(\\Seen \\Flagged/)]);
});

test('a SEARCH whose text nearly matches everywhere does not hold up other sessions', async () => {
  const box = await imap.mailbox();
  await imap.put(box, `Subject: x\r\n\r\n${'a'.repeat(900_000)}\r\n`);
  const [one, other] = await Promise.all([1, 2].map(() => ImapTalk.login(app.port, box, 'INBOX')));
  if (!one || !other) return expect.fail('no sessions');
  const text = `${'a'.repeat(30_000)}b${'a'.repeat(30_000)}`;
  await one.send(`SEARCH BODY {${text.length}+}\r\n${text}`);
  await other.ok('NOOP');
  expect(await one.until()).toEqual(['* SEARCH', 'OK searched']);
});

test('a hundred times the same body is sent as fast as it is taken, and held once', async () => {
  const box = await imap.mailbox();
  await imap.put(box, `Subject: x\r\n\r\n${`${'y'.repeat(70)}\r\n`.repeat(14_000)}`);
  const talk = await ImapTalk.login(app.port, box, 'INBOX');
  const other = await ImapTalk.login(app.port, box, 'INBOX');
  talk.client.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  await talk.send(`FETCH 1 (${Array.from({ length: 100 }, () => 'BODY.PEEK[]').join(' ')})`);
  for (let turn = 0; turn < 200; turn++) await other.ok('NOOP');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
  talk.client.socket.destroy();
});

test('who goes while the password is looked at is not counted as a session', async () => {
  const box = await imap.mailbox();
  for (let turn = 0; turn < 22; turn++) {
    const client = await LineClient.connect(app.port);
    await client.line();
    await client.send(`a CAPABILITY\r\nb LOGIN ${box.address} "${PASSWORD}"\r\n`);
    client.socket.resetAndDestroy();
  }
  const talk = await ImapTalk.login(app.port, box, 'INBOX');
  await talk.ok('LOGOUT');
});
