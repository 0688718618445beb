import { readFile } from 'node:fs/promises';
import {
  ALL_UIDS,
  FLAG,
  INBOX,
  MAX_FOLDER_KEYWORDS,
  syncPointOf,
  type Account,
  type FolderName,
  type FolderRef,
} from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fill, makeMailbox } from './mailboxes.spec-helper.ts';
import { PgFolderStore } from './pg-folder.store.ts';

let db: FreshDatabase;
let store: PgFolderStore;
beforeAll(async () => {
  db = await freshDatabase();
  store = new PgFolderStore(db.as('posthouse_imap'));
});
afterAll(() => db.drop());

const named = (name: string): FolderName => name as FolderName;
const range = (first: number, last = first) => [{ first, last }];
const add = (inbox: FolderRef, uid: number, keywords: readonly string[]) =>
  store.store(inbox, range(uid), { mode: 'add', flags: 0, keywords });
const keywordsOf = async (account: Account, name: FolderName = INBOX): Promise<readonly string[] | undefined> =>
  (await store.status(account, name))?.keywords;

test('a folder knows the keywords that were ever used in it, in their first spelling', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 3);
  const before = await store.status(account, INBOX);
  expect(before?.keywords).toEqual([]);
  expect(await add(inbox, 1, ['b', '$A'])).toMatchObject({ keywords: ['$A', 'b'] });
  expect(await add(inbox, 1, ['B'])).toMatchObject({ keywords: undefined });
  expect(await add(inbox, 2, ['$a', 'c'])).toMatchObject({ keywords: ['$A', 'b', 'c'] });
  const none = { mode: 'replace', flags: FLAG.seen, keywords: [] } as const;
  expect(await store.store(inbox, ALL_UIDS, none)).toMatchObject({ keywords: ['$A', 'b', 'c'] });
  const removed = { mode: 'remove', flags: FLAG.seen, keywords: ['never'] } as const;
  expect(await store.store(inbox, ALL_UIDS, removed)).toMatchObject({ keywords: ['$A', 'b', 'c'] });
  if (!before) throw new Error('no INBOX');
  expect(await store.changes(inbox, syncPointOf(before), 100)).toMatchObject({ keywords: ['$A', 'b', 'c'] });
  expect(await keywordsOf(account)).toEqual(['$A', 'b', 'c']);
});

test('copies bring theirs along', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 3);
  for (const [uid, keyword] of ['x', 'y', 'z'].entries()) await add(inbox, uid + 1, [keyword, 'all']);
  await store.copy(inbox, range(1), named('Archive'));
  expect(await keywordsOf(account, named('Archive'))).toEqual(['all', 'x']);
  await store.move(inbox, range(2, 3), named('Archive'));
  expect(await keywordsOf(account, named('Archive'))).toEqual(['all', 'x', 'y', 'z']);
  expect(await keywordsOf(account)).toHaveLength(4);
});

test('so many are named and no more; the messages have them all the same', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 3);
  const words = (prefix: string): string[] => Array.from({ length: 60 }, (_, at) => `${prefix}${at}`);
  await add(inbox, 1, words('a'));
  await add(inbox, 2, words('b'));
  await add(inbox, 3, ['late']);
  expect(await keywordsOf(account)).toHaveLength(MAX_FOLDER_KEYWORDS);
  expect(await keywordsOf(account)).not.toContain('late');
  expect((await store.flags(inbox, range(3))).keywords.get(3)).toEqual(['late']);
});

test('none is lost when many come at once', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 20);
  await Promise.all(Array.from({ length: 20 }, (_, at) => add(inbox, at + 1, [`k${at}`, 'all'])));
  expect(new Set(await keywordsOf(account))).toEqual(
    new Set([...Array.from({ length: 20 }, (_, at) => `k${at}`), 'all']),
  );
});

test('the migration names those that were in use before it', async () => {
  const { account, inbox } = await makeMailbox(db.owner);
  await fill(db.owner, inbox, 3);
  await add(inbox, 2, ['Old', 'b']);
  await add(inbox, 3, ['old', 'c']);
  await db.owner.query(`update folder set keywords = '{}'`);
  const migration = await readFile(new URL('../../migrations/0009_folder_keywords.sql', import.meta.url), 'utf8');
  await db.owner.query(migration.slice(migration.indexOf('update folder')));
  expect(await keywordsOf(account)).toEqual(['b', 'c', 'Old']);
  expect(await keywordsOf(account, named('Archive'))).toEqual([]);
});
