/** RFC 1939 11: the maildrop's sizes count the CRLF that RETR sends behind a message that does not end with one. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ALL_UIDS, CHUNK_OCTETS, INBOX, parseFolderName, SMALL_BODY, type Account, type AppendFacts } from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, fill, makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { PgFolderStore } from '../folder/pg-folder.store.ts';
import { PgMaildropStore } from './pg-maildrop.store.ts';

let db: FreshDatabase;
let folders: PgFolderStore;
let maildrops: PgMaildropStore;
beforeAll(async () => {
  db = await freshDatabase();
  folders = new PgFolderStore(db.as('posthouse_imap'));
  maildrops = new PgMaildropStore(db.as('posthouse_pop3'));
});
afterAll(() => db.drop());

const lacks = (body: Buffer): boolean => body.length > 0 && body.subarray(-2).toString('latin1') !== '\r\n';

async function append(account: Account, body: Buffer): Promise<void> {
  const facts: AppendFacts = {
    digest: digestOf(body),
    flags: 0,
    keywords: [],
    internalDate: undefined,
    lacksFinalCrlf: lacks(body),
    remoteAddress: '192.0.2.1',
  };
  if (body.length <= SMALL_BODY) {
    await folders.append(account, INBOX, { ...facts, body: [body] });
    return;
  }
  const id = await folders.beginLarge(account, '192.0.2.1');
  for (let number = 0; number * CHUNK_OCTETS < body.length; number++) {
    await folders.appendChunk(account, id, number, body.subarray(number * CHUNK_OCTETS, (number + 1) * CHUNK_OCTETS));
  }
  await folders.commitLarge(account, INBOX, id, facts);
}

async function listed(account: Account): Promise<number[]> {
  const session = randomUUID();
  const opening = await maildrops.open(account, session, 60);
  if (opening.kind !== 'open') return expect.fail(opening.kind);
  await maildrops.release(account, session);
  return [...opening.listing.octets];
}

const ending = (octets: number, end: string): Buffer => {
  const body = Buffer.alloc(octets, 'y');
  body.write(end, octets - end.length);
  return body;
};
const bodies = [
  ...['', '\n', '\r', '\r\n', '\r\n\r\n', 'x', 'A: b\r\n\r\nx', 'A: b\r\n\r\nx\r\n', 'A: b\n\nx\n'].map((text) => Buffer.from(text)),
  ending(SMALL_BODY, '\r\n'),
  ending(SMALL_BODY + 1, 'y'),
  ending(SMALL_BODY + 1, '\r\n'),
  ending(SMALL_BODY + CHUNK_OCTETS, '\r\n'),
  ending(SMALL_BODY + CHUNK_OCTETS + 1, '\n'),
  ending(SMALL_BODY + CHUNK_OCTETS + 1000, '\n'),
]; // prettier-ignore

test('appended, copied and moved', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  for (const body of bodies) await append(account, body);
  const sizes = bodies.map((body) => body.length + (lacks(body) ? 2 : 0));
  expect(await listed(account)).toEqual(sizes);
  const target = parseFolderName('Sent') ?? INBOX;
  await folders.copy(inbox, ALL_UIDS, target);
  const sent = await folders.status(account, target);
  if (!sent) return expect.fail('no such folder');
  // IMAP's sizes and the counters are those of the octets that came.
  expect(sent.octets).toBe(bodies.reduce((sum, { length }) => sum + length, 0));
  expect((await folders.messages(sent, ALL_UIDS, {})).rows.map(({ octets }) => octets)).toEqual(
    bodies.map(({ length }) => length),
  );
  await folders.move(sent, ALL_UIDS, INBOX);
  expect(await listed(account)).toEqual([...sizes, ...sizes]);
});

test('what was stored before the column came is judged by its octets', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  for (const body of bodies) await append(account, body);
  await fill(db.owner, inbox, 2);
  const before = await listed(account);
  await db.owner.query('alter table folder_message drop column lacks_final_crlf');
  await db.owner.query(await readFile(new URL('../../migrations/0003_final_crlf.sql', import.meta.url), 'utf8'));
  expect(await listed(account)).toEqual(before);
});
