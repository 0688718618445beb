/** Long work of one session, and another one that is answered in the middle of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapHouse, ImapTalk, type Mailbox, type RunningApp } from './imap.spec-helper.ts';

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

/** @returns how many commands of another session were answered before this one was */
async function answeredMeanwhile(box: Mailbox, command: string): Promise<number> {
  const [long, other] = await Promise.all([
    ImapTalk.login(app.port, box, 'INBOX'),
    ImapTalk.login(app.port, await imap.mailbox(), 'INBOX'),
  ]);
  await long.ok('NOOP');
  let done = false;
  const running = long.ok(command).finally(() => (done = true));
  let answered = 0;
  for (; !done; answered++) await other.ok('NOOP');
  await running;
  await Promise.all([long.ok('LOGOUT'), other.ok('LOGOUT')]);
  return answered;
}

describe('a folder of 30,000 messages', () => {
  let box: Mailbox;
  beforeAll(async () => {
    box = await imap.mailbox();
    await imap.put(box, 'From: someone@example.org\r\nSubject: x\r\n\r\nx\r\n');
    await imap.db.owner.query(
      `insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace)
       select m.tenant_id, m.folder_id, n, m.mailbox_id, m.message_id, m.modseq, m.octets, m.trace
         from folder_message m, generate_series(2, 30000) as n where m.mailbox_id = $1`,
      [box.mailboxId],
    );
    await imap.db.owner.query(
      'update folder set messages = 30000, unseen = 30000, uidnext = 30001 where mailbox_id = $1 and name = $2',
      [box.mailboxId, 'INBOX'],
    );
  });

  test.for([
    'SEARCH UNSEEN FROM nobody',
    'UID SEARCH NOT KEYWORD x LARGER 1',
    'FETCH 1:* (FLAGS UID)',
    'FETCH 1:* (ENVELOPE)',
    `FETCH ${Array.from({ length: 4_000 }, (_, at) => at * 7 + 1).join(',')} (FLAGS)`,
  ])('%.40s', async (command) => {
    expect(await answeredMeanwhile(box, command)).toBeGreaterThan(3);
  });

  test('a SEARCH that finds all of them names all of them', async () => {
    const talk = await ImapTalk.login(app.port, box, 'INBOX');
    const all = Array.from({ length: 30_000 }, (_, at) => at + 1).join(' ');
    for (const command of ['SEARCH UNSEEN', 'UID SEARCH ALL', 'SEARCH FROM someone']) {
      const [found, ...more] = await talk.ok(command);
      expect([found === `* SEARCH ${all}`, more]).toEqual([true, []]);
    }
    await talk.ok('LOGOUT');
  });
});

test('SEARCH for 64 texts that nearly match everywhere in one message', async () => {
  const box = await imap.mailbox();
  const line = 'a'.repeat(76);
  await imap.put(box, `Subject: x\r\n${` ${line}\r\n`.repeat(5_000)}\r\n${`${line}\r\n`.repeat(7_000)}`);
  const near = (length: number): string => `"${line}b${'a'.repeat(length)}"`;
  const keys = [near(30), near(300)].flatMap((text) => Array<string>(32).fill(`NOT SUBJECT ${text} NOT BODY ${text}`));
  const asked = keys.slice(0, 32).join(' ');
  expect(await answeredMeanwhile(box, `SEARCH ${asked}`)).toBeGreaterThan(3);
});

test('FETCH of 128 HEADER.FIELDS of a header with 100,000 lines', async () => {
  const box = await imap.mailbox();
  await imap.put(box, `Subject: x\r\n${'A: b\r\n'.repeat(100_000)}\r\nx\r\n`);
  const items = Array.from(
    { length: 64 },
    (_, at) => `BODY.PEEK[HEADER.FIELDS (q${at})] BODY.PEEK[HEADER.FIELDS (subject)]`,
  );
  expect(await answeredMeanwhile(box, `FETCH 1 (${items.join(' ')})`)).toBeGreaterThan(3);
});

test('LIST of patterns that nearly match every one of 5,000 folders', async () => {
  const box = await imap.mailbox();
  await imap.db.owner.query(
    `insert into folder (tenant_id, mailbox_id, id, name, uidvalidity)
     select $1, $2, gen_random_uuid(), repeat('a', 200) || n, n from generate_series(1, 5000) as n`,
    [box.tenantId, box.mailboxId],
  );
  const patterns = Array.from({ length: 16 }, (_, at) => `"${'*a%a'.repeat(15)}${'a'.repeat(130)}b${at}"`);
  expect(await answeredMeanwhile(box, `LIST "" (${patterns.join(' ')})`)).toBeGreaterThan(3);
});
