import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { APP_ROLES, roleUrl } from '#runtime';
import { testServerUrl } from '#testing';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { migrate, pendingMigrations } from './migrate.ts';

const server = new pg.Pool({ connectionString: testServerUrl(), max: 2 });
const made: string[] = [];
afterEach(async () => {
  for (const name of made.splice(0)) await server.query(`drop database ${name} with (force)`);
});
afterAll(() => server.end());

async function emptyDatabase(): Promise<string> {
  const name = `m_${randomBytes(8).toString('hex')}`;
  await server.query(`create database ${name}`);
  made.push(name);
  const url = new URL(testServerUrl());
  url.pathname = `/${name}`;
  return url.href;
}

async function ask<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

test('migrations are numbered 0001, 0002 and so on: they run in the order of their names, and two of one number would change places unseen', async () => {
  const names = (await readdir(new URL('../migrations/', import.meta.url))).toSorted();
  expect(names.map((name) => name.slice(0, 5))).toEqual(names.map((_, at) => `${String(at + 1).padStart(4, '0')}_`));
});

describe('migrate', () => {
  test('the second run does nothing', async () => {
    const url = await emptyDatabase();
    expect((await pendingMigrations(url)).length).toBeGreaterThan(0);
    const names = await migrate(url);
    expect(names[0]).toBe('0001_house');
    expect(await pendingMigrations(url)).toEqual([]);
    expect(await migrate(url)).toEqual([]);
    expect(await ask(url, 'select name from tenant order by path')).toEqual([{ name: 'root' }, { name: 'default' }]);
  });

  test('a database that ran migrations under their old numbers goes on where it was', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    await ask(
      url,
      `update kysely_migration set name = case name when '0009_folder_keywords' then '0008_folder_keywords' else '0009_chunks_have_times' end
        where name in ('0009_folder_keywords', '0010_chunks_have_times')`,
    );
    await expect(pendingMigrations(url)).resolves.toEqual(['0009_folder_keywords', '0010_chunks_have_times']);
    expect(await migrate(url)).toEqual([]);
    expect(await pendingMigrations(url)).toEqual([]);
  });

  test('several at once: each migration runs once, all succeed', async () => {
    const url = await emptyDatabase();
    const runs = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    expect(runs.flat()).toEqual(runs.find((names) => names.length > 0));
    expect(await ask(url, 'select count(*)::int as count from tenant')).toEqual([{ count: 2 }]);
  });

  test('houses in several databases of one cluster set up the same roles at once', async () => {
    const urls = await Promise.all(Array.from({ length: 6 }, () => emptyDatabase()));
    await Promise.all(urls.map((url) => migrate(url)));
    // And again, when the roles are there: every one of them is altered.
    await Promise.all(urls.flatMap((url) => [migrate(url), migrate(url)]));
    for (const url of urls) expect(await pendingMigrations(url)).toEqual([]);
  });

  test("what comes after is called with the owner URL, and its failure is the caller's", async () => {
    const url = await emptyDatabase();
    const heard: string[] = [];
    await migrate(url, (after) => Promise.resolve(void heard.push(after)));
    expect(heard).toEqual([url]);
    await expect(migrate(url, () => Promise.reject(new Error('bells')))).rejects.toThrow('bells');
  });

  test.each(APP_ROLES)('%s can log in by its derived URL and cannot migrate', async (role) => {
    const url = await emptyDatabase();
    await migrate(url);
    const own = roleUrl(url, role);
    expect(await ask(own, 'select current_user as who')).toEqual([{ who: role }]);
    await expect(ask(own, 'create table mine (x int)')).rejects.toThrow('permission denied');
    await expect(migrate(own)).rejects.toThrow("is that of an app's role, which may not migrate");
  });

  test('an owner URL without a password is refused in words, the URL kept out of them', async () => {
    const url = new URL(await emptyDatabase());
    url.password = '';
    await expect(migrate(url.href)).rejects.toThrow('has no password');
    const error: unknown = await migrate(url.href).catch((thrown: unknown) => thrown);
    expect(String(error)).not.toContain(url.hostname);
  });

  test('not a database at all', async () => {
    await expect(migrate('postgres://posthouse:secret@127.0.0.1:1/none')).rejects.toThrow('ECONNREFUSED');
  });
});
