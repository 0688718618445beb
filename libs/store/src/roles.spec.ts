/** Roles belong to the whole server, and the test run shares one: these have a server of their own. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  acquireHouse,
  APP_ROLES,
  guardPool,
  HouseLock,
  roleUrl,
  silentLog,
  startEmbedded,
  type EmbeddedDatabase,
} from '#runtime';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { migrate } from './migrate.ts';

let folder: string;
let lock: HouseLock;
let server: EmbeddedDatabase;
let admin: pg.Pool;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthouse-roles-'));
  await chmod(folder, 0o711); // the database's account passes through
  const held = acquireHouse(folder);
  if (!(held instanceof HouseLock)) throw new Error(`${folder} is held`);
  lock = held;
  server = await startEmbedded(lock, silentLog());
  admin = new pg.Pool({ connectionString: server.url, max: 2 });
  guardPool(admin, () => undefined); // the server ends while the connections say good-bye
});
afterAll(async () => {
  await admin.end();
  await server.stop();
  lock.release();
  await rm(folder, { recursive: true, force: true });
});

const OWNERS = ['ann', 'ben'] as const;
type Owner = (typeof OWNERS)[number];
beforeEach(async () => {
  for (const owner of OWNERS) await admin.query(`create role ${owner} login createrole password '${owner}'`);
});
afterEach(async () => {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname from pg_database where datname like 'house%'`,
  );
  for (const { datname } of rows) await admin.query(`drop database ${datname} with (force)`);
  await admin.query(`drop role if exists ${[...APP_ROLES, ...OWNERS].join(', ')}`);
});

const urlOf = (owner: Owner, database: string, password: string = owner): string => {
  const url = new URL(server.url);
  return Object.assign(url, { username: owner, password, pathname: `/${database}` }).href;
};
async function house(owner: Owner, database: string): Promise<string> {
  await admin.query(`create database ${database} owner ${owner}`);
  return urlOf(owner, database);
}
/** Who is let in by the roles' URLs. */
async function loggedIn(ownerUrl: string): Promise<string[]> {
  const names = APP_ROLES.map(async (role) => {
    const client = new pg.Client({ connectionString: roleUrl(ownerUrl, role) });
    await client.connect();
    try {
      return (await client.query<{ name: string }>('select current_user as name')).rows[0]?.name ?? '';
    } finally {
      await client.end();
    }
  });
  return Promise.all(names);
}

test("a house of another owner is refused in words, and the first one's apps still log in", async () => {
  const first = await house('ann', 'house_a');
  await migrate(first);
  const second = await house('ben', 'house_b');
  await expect(migrate(second)).rejects.toThrow(
    /belong to the houses of "ann", and the owner of this house is "ben": .* the house in database "house_a" could no longer log in/,
  );
  expect(await loggedIn(first)).toEqual([...APP_ROLES]);
  await admin.query('alter role ben superuser');
  await expect(migrate(second)).rejects.toThrow('belong to the houses of "ann"');
  expect(await loggedIn(first)).toEqual([...APP_ROLES]);
});

test('houses of one owner share the roles, also after the owner got a new password', async () => {
  const [first, second] = [await house('ann', 'house_a'), await house('ann', 'house_b')];
  await migrate(first);
  await migrate(second);
  expect(await loggedIn(first)).toEqual(await loggedIn(second));
  await admin.query(`alter role ann password 'new'`);
  await migrate(urlOf('ann', 'house_a', 'new'));
  expect(await loggedIn(urlOf('ann', 'house_b', 'new'))).toEqual([...APP_ROLES]);
  await expect(loggedIn(second)).rejects.toMatchObject({ code: '28P01' });
});

test('an owner takes over roles that no other house uses', async () => {
  await migrate(await house('ann', 'house_a'));
  await admin.query('drop database house_a');
  await admin.query('alter role ben superuser');
  const second = await house('ben', 'house_b');
  await migrate(second);
  expect(await loggedIn(second)).toEqual([...APP_ROLES]);
  await expect(migrate(await house('ann', 'house_c'))).rejects.toThrow('belong to the houses of "ben"');
});

test('an owner takes over from another once the comments are gone, in all its databases', async () => {
  await migrate(await house('ann', 'house_a'));
  await migrate(await house('ann', 'house_b'));
  await admin.query('alter role ben superuser');
  const taken = [urlOf('ben', 'house_a'), urlOf('ben', 'house_b')];
  await expect(migrate(taken[0] ?? '')).rejects.toThrow('belong to the houses of "ann"');
  for (const role of APP_ROLES) await admin.query(`comment on role ${role} is null`);
  for (const url of taken) await migrate(url);
  for (const url of taken) expect(await loggedIn(url)).toEqual([...APP_ROLES]);
});

test('roles that were made by hand before the dump was loaded are taken', async () => {
  const url = await house('ann', 'house_a');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const role of APP_ROLES) await client.query(`create role ${role} login`);
  await client.end();
  await migrate(url);
  expect(await loggedIn(url)).toEqual([...APP_ROLES]);
});

test('an owner that may not alter a role which somebody else made is told what it lacks', async () => {
  for (const role of APP_ROLES) await admin.query(`create role ${role} login`);
  await expect(migrate(await house('ann', 'house_a'))).rejects.toThrow(
    'ann may not set the password of the role posthouse_ingress, which another user made: it needs CREATEROLE',
  );
});
