import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImapHouse, ImapTalk, type Mailbox, type RunningApp } from './imap.spec-helper.ts';
let imap: ImapHouse; let alice: Mailbox; let app: RunningApp;
beforeAll(async () => { imap = await ImapHouse.open(); alice = await imap.mailbox('alice@example.org'); app = await imap.start(); });
afterAll(async () => { await app.context.close(); await imap.db.drop(); });
const M = (n: number) => `From: Bob <bob@example.net>\r\nTo: alice@example.org\r\nSubject: message ${n}\r\nDate: Mon, 2 Jan 2006 10:00:00 +0000\r\nMessage-ID: <${n}@x>\r\n\r\nbody ${n}\r\n`;
test('try', async () => {
  for (let n = 1; n <= 5; n++) await imap.put(alice, M(n), { date: '2020-01-02T03:04:05Z' });
  const t = await ImapTalk.open(app.port);
  for (const c of [`CAPABILITY`, 'FOO', 'SELECT INBOX', `LOGIN ${alice.address} wrong`, `LOGIN ${alice.address} "correct horse"`, 'LIST "" *', 'SELECT INBOX', 'FETCH 1:2 ALL', 'FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)] UID)', 'FETCH 2:3 BODY[TEXT]', 'UID FETCH 1:* FLAGS', 'FETCH 9 FLAGS', 'STORE 1 +FLAGS (\\Deleted kw)', 'STORE 2 +FLAGS.SILENT (\\Flagged)', 'SEARCH FLAGGED', 'SEARCH SUBJECT "message 3"', 'UID SEARCH BODY "body 4"', 'SEARCH LARGER 10 SINCE 1-Jan-2020', 'COPY 1:2 Sent', 'COPY 1 nope', 'UID MOVE 3 Trash', 'EXPUNGE', 'STATUS Sent (MESSAGES UIDNEXT UNSEEN RECENT UIDVALIDITY)', 'CREATE a/b', 'LIST "" %', 'LSUB "" *', 'RENAME a c', 'DELETE c', 'DELETE c/b', 'DELETE c', 'NAMESPACE', 'ID NIL', 'ENABLE X', 'NOOP', 'FETCH 1 BODYSTRUCTURE', 'FETCH 1 (BODY BODY[1]<2.3> RFC822.SIZE)', 'CLOSE', 'NOOP', 'SELECT nope', 'EXAMINE INBOX', 'STORE 1 FLAGS ()','UNSELECT', 'LOGOUT']) {
    console.log('C: ' + c + '\n' + (await t.say(c)).map(l => 'S: ' + l).join('\n'));
  }
  expect(1).toBe(1);
});
