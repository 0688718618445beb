import { ALL_UIDS, INBOX, MAX_FOLDER_LEVELS, syncPointOf } from '#domain';
import type { FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderWorld, message, MOST, named, type FolderWorld } from './folder-world.spec-helper.ts';
import { fill, makeMailbox } from './mailboxes.spec-helper.ts';
import type { PgFolderStore } from './pg-folder.store.ts';

let db: FreshDatabase;
let store: PgFolderStore;
let other: PgFolderStore;
let state: FolderWorld['state'];
let exact: FolderWorld['exact'];
beforeAll(async () => {
  ({ db, store, other, state, exact } = await folderWorld());
});
afterAll(() => db.drop());

describe('the folder tree', () => {
  test('CREATE makes superiors; a name exists once', async () => {
    const { account } = await makeMailbox(db.owner);
    const answers = await Promise.all(Array.from({ length: 6 }, () => store.create(account, named('a/b/c'))));
    expect(answers.sort()).toEqual(['created', 'exists', 'exists', 'exists', 'exists', 'exists']);
    expect(await store.create(account, named('a/b'))).toBe('exists');
    expect(await store.create(account, named('inbox'))).toBe('exists');
    expect(await store.create(account, named('InBox/sub'))).toBe('created');
    expect((await store.list(account)).folders.map(({ name }) => name)).toContain('INBOX/sub');
  });

  test('a name never gets a UIDVALIDITY twice, and no two folders share one', async () => {
    const { account } = await makeMailbox(db.owner);
    const seen: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await store.create(account, named('again'));
      seen.push((await state(account, 'again')).uidValidity);
      await store.delete(account, named('again'));
    }
    for (const { name } of (await store.list(account)).folders) seen.push((await state(account, name)).uidValidity);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, 5)).toEqual(seen.slice(0, 5).sort((a, b) => a - b));
  });

  test.for(['A', 'Ä', 'a b', '#1', 'x_y', '\u{10ffff}'])(
    'RENAME of %s takes what is below it, and no name beside it',
    async (top) => {
      const { account } = await makeMailbox(db.owner);
      const beside = [' ', '!', '-', '.', '0', '00', 'A', '_', '~', 'é', '\u{1f600}'].map((more) => `${top}${more}x`);
      for (const name of [`${top}/!`, `${top}/0/1`, `${top}/é/\u{1f600}`, ...beside])
        expect(await store.create(account, named(name))).toBe('created');
      const names = async () => (await store.list(account)).folders.map(({ name }) => name);
      const before = await names();
      expect(await store.rename(account, named(top), named('to/there'))).toBe('renamed');
      const moved = before.map((name) =>
        name === top || name.startsWith(`${top}/`) ? `to/there${name.slice(top.length)}` : name,
      );
      expect((await names()).sort()).toEqual([...moved, 'to'].sort());
      expect(await store.delete(account, named('to/there'))).toBe('deleted');
      expect(await store.delete(account, named('to/there'))).toBe('not-selectable');
      expect((await names()).sort()).toEqual([...moved, 'to'].filter((name) => name !== 'to/there').sort());
    },
  );

  test('DELETE', async () => {
    const { account } = await makeMailbox(db.owner);
    await store.create(account, named('a/b'));
    await fill(db.owner, await state(account, 'a/b'), 3);
    expect(await store.delete(account, named('INBOX'))).toBe('inbox');
    expect(await store.delete(account, named('nowhere'))).toBe('no-such-folder');
    const open = await state(account, 'a/b');
    expect(await store.delete(account, named('a/b'))).toBe('deleted');
    expect(await store.delete(account, named('a'))).toBe('deleted');
    expect(await store.changes(open, syncPointOf(open), MOST)).toBeUndefined();
    expect(await store.store(open, ALL_UIDS, { mode: 'add', flags: 1, keywords: [] })).toEqual({
      kind: 'no-such-folder',
    });
    expect((await store.expunge(open, ALL_UIDS)).uids).toHaveLength(0);
    await exact(account);
  });

  test('DELETE of a superior leaves what is below it, and the name with it', async () => {
    const { account } = await makeMailbox(db.owner);
    for (const name of ['a/b/c', 'x/b']) await store.create(account, named(name));
    await fill(db.owner, await state(account, 'a'), 3);
    await fill(db.owner, await state(account, 'a/b/c'), 2);
    expect(await store.delete(account, named('a/b'))).toBe('deleted');
    expect(await store.delete(account, named('a'))).toBe('deleted');
    expect(await store.delete(account, named('a'))).toBe('not-selectable');
    expect(await store.status(account, named('a'))).toBeUndefined();
    expect(await state(account, 'a/b/c')).toMatchObject({ messages: 2 });
    const { folders } = await store.list(account);
    expect(folders.filter(({ name }) => /^[ax]/.test(name))).toMatchObject([
      { name: 'a/b/c', hasChildren: false },
      { name: 'x', hasChildren: true },
      { name: 'x/b', hasChildren: false },
    ]);
    await exact(account);
    expect(await store.rename(account, named('a'), named('y'))).toBe('renamed');
    expect(await store.create(account, named('y/b/d'))).toBe('created');
    const names = (await store.list(account)).folders.map(({ name }) => name).filter((name) => /^[ay]/.test(name));
    expect(names).toEqual(['y', 'y/b', 'y/b/c', 'y/b/d']);
    await exact(account);
  });

  test('RENAME takes no name that there is, below the new one either', async () => {
    const { account } = await makeMailbox(db.owner);
    for (const name of ['a/b', 'x/b']) await store.create(account, named(name));
    expect(await store.delete(account, named('a'))).toBe('deleted');
    expect(await store.rename(account, named('x'), named('a'))).toBe('exists');
    expect((await store.list(account)).folders.map(({ name }) => name)).toContain('x/b');
  });

  test('RENAME takes what is below along', async () => {
    const { account } = await makeMailbox(db.owner);
    for (const name of ['a/b/c', 'a/bc', 'a/b_/x']) await store.create(account, named(name));
    const before = await state(account, 'a/b/c');
    expect(await store.rename(account, named('a/b'), named('x/y/z'))).toBe('renamed');
    const names = (await store.list(account)).folders.map(({ name }) => name).filter((name) => /^[ax]/.test(name));
    expect(names).toEqual(['a', 'a/b_', 'a/b_/x', 'a/bc', 'x', 'x/y', 'x/y/z', 'x/y/z/c']);
    const renamed = await state(account, 'x/y/z/c');
    expect(renamed.uidValidity).toBeGreaterThan(before.uidValidity);
    expect(renamed).toEqual({ ...before, uidValidity: renamed.uidValidity, name: 'x/y/z/c' });
  });

  test('RENAME refuses', async () => {
    const { account } = await makeMailbox(db.owner);
    const deep = Array.from({ length: MAX_FOLDER_LEVELS }, () => 'd').join('/');
    for (const name of ['a/b', deep]) await store.create(account, named(name));
    expect(await store.rename(account, named('nowhere'), named('x'))).toBe('no-such-folder');
    expect(await store.rename(account, named('a'), named('Sent'))).toBe('exists');
    expect(await store.rename(account, named('a'), named('inbox'))).toBe('exists');
    expect(await store.rename(account, named('a'), named('a'))).toBe('exists');
    expect(await store.rename(account, named('a'), named('a/c'))).toBe('inside-itself');
    expect(await store.rename(account, named('d'), named('e/f'))).toBe('bad-name');
    expect((await store.list(account)).folders.map(({ name }) => name)).not.toContain('e');
  });

  test('RENAME of INBOX moves its messages and leaves it, with the folders below it', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await store.create(account, named('INBOX/below'));
    await fill(db.owner, inbox, 3);
    const before = await state(account);
    expect(await store.rename(account, INBOX, named('old/mail'))).toBe('renamed');
    expect(await state(account)).toMatchObject({ uidValidity: before.uidValidity, uidNext: 4, messages: 0 });
    expect(await state(account, 'old/mail')).toMatchObject({ messages: 3, unseen: 3 });
    expect(await state(account, 'INBOX/below')).toMatchObject({ messages: 0 });
    expect(await store.rename(account, INBOX, named('old/mail'))).toBe('exists');
    await exact(account);
  });

  test('structure changes at once leave every folder with its superior', async () => {
    const { account } = await makeMailbox(db.owner);
    await store.create(account, named('p/q'));
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => {
        const one = at % 2 ? store : other;
        if (at % 5 === 0) return one.rename(account, named(at % 10 ? 'p' : 'r'), named(at % 10 ? 'r' : 'p'));
        return at % 5 === 4 ? one.delete(account, named(`p/q/n${at - 2}`)) : one.create(account, named(`p/q/n${at}`));
      }),
    );
    const names = new Set<string>((await store.list(account)).folders.map(({ name }) => name));
    const orphans = [...names].filter((name) => name.includes('/') && !names.has(name.slice(0, name.lastIndexOf('/'))));
    expect(orphans).toEqual([]);
  });

  test('a full mailbox makes no more folders', async () => {
    const { account } = await makeMailbox(db.owner);
    await db.owner.query(
      `insert into folder (tenant_id, mailbox_id, id, name, uidvalidity) select $1, $2, gen_random_uuid(), 'f' || n, n from generate_series(1, 9993) n`,
      [account.tenantId, account.mailboxId],
    );
    expect(await store.create(account, named('x/y'))).toBe('too-many-folders');
    expect(await store.create(account, named('x'))).toBe('created');
    expect(await store.create(account, named('z'))).toBe('too-many-folders');
    expect(await store.rename(account, named('x'), named('y/z'))).toBe('too-many-folders');
  });

  test('subscriptions are names, of folders or not', async () => {
    const { account } = await makeMailbox(db.owner);
    expect(await store.subscribe(account, named('not/yet'))).toBe('subscribed');
    expect(await store.subscribe(account, named('not/yet'))).toBe('subscribed');
    await store.unsubscribe(account, named('Junk'));
    await store.unsubscribe(account, named('Junk'));
    expect((await store.list(account)).subscriptions).toEqual([
      'Archive',
      'Drafts',
      'INBOX',
      'Sent',
      'Trash',
      'not/yet',
    ]);
    await db.owner.query(`insert into subscription select $1, $2, 's' || n from generate_series(1, 9994) n`, [
      account.tenantId,
      account.mailboxId,
    ]);
    expect(await store.subscribe(account, named('more'))).toBe('too-many-subscriptions');
    expect(await store.subscribe(account, named('INBOX'))).toBe('subscribed');
  });

  test.each([
    '__proto__',
    'constructor',
    "'; drop table folder; --",
    '日本語/メール',
    'a\\b',
    '$1',
    'é'.repeat(127),
    '😀/😀',
    '_/_',
    'toString/__proto__',
  ])('a folder named %s is a folder like any other', async (text) => {
    const { account } = await makeMailbox(db.owner);
    const name = named(text);
    expect(await store.create(account, name)).toBe('created');
    expect(await store.append(account, name, message())).toMatchObject({ kind: 'appended', uid: 1 });
    expect(await store.subscribe(account, name)).toBe('subscribed');
    const { folders, subscriptions } = await store.list(account);
    expect(folders.map((folder) => folder.name)).toContain(name);
    expect(subscriptions).toContain(name);
    expect(await store.rename(account, name, named('plain'))).toBe('renamed');
    expect(await store.rename(account, named('plain'), name)).toBe('renamed');
    expect(await state(account, name)).toMatchObject({ messages: 1 });
    expect(await store.delete(account, name)).toBe('deleted');
    await exact(account);
  });
});
