/** Long work of one session, and another one that is answered in the middle of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
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
