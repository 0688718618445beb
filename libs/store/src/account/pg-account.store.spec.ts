import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { PgAccountStore } from './pg-account.store.ts';

let db: FreshDatabase;
let store: PgAccountStore;
beforeAll(async () => {
  db = await freshDatabase();
  store = new PgAccountStore(db.as('posthouse_pop3'));
});
afterAll(() => db.drop());

const REMOTE = 'remote:192.0.2.1';
const facts = (domain: string, local = 'a') => store.authFacts({ local, domain }, `login:${local}@${domain}`, REMOTE);
const setHash = (mailbox: string, hash: string) =>
  db.owner.query(
    `insert into credential (tenant_id, mailbox_id, hash) select tenant_id, id, $2 from mailbox where id = $1
     on conflict (tenant_id, mailbox_id) do update set hash = excluded.hash`,
    [mailbox, hash],
  );

test('facts of a known and of an unknown login', async () => {
  const { account, domain } = await makeMailbox(db.owner);
  const known = { credential: { ...account, state: 'active', hash: undefined }, accountFailures: 0, remoteFailures: 0 };
  expect(await facts(domain)).toEqual(known);
  await setHash(account.mailboxId, 'h1');
  expect(await facts(domain)).toEqual({ ...known, credential: { ...known.credential, hash: 'h1' } });
  const unknown = { credential: undefined, accountFailures: 0, remoteFailures: 0 };
  for (const local of ['', 'b', '__proto__', "' or true --"]) expect(await facts(domain, local)).toEqual(unknown);
  expect(await facts('nowhere.test')).toEqual(unknown);
});

test.each([
  ['mailbox', `update mailbox set state = 'no-login' where domain_id = $1`, 'no-login'],
  ['mailbox', `update mailbox set state = 'disabled' where domain_id = $1`, 'disabled'],
  ['domain', `update domain set state = 'disabled' where id = $1`, 'disabled'],
])('the state of a %s counts at once', async (_, statement, state) => {
  const { domain, domainId } = await makeMailbox(db.owner);
  expect((await facts(domain)).credential?.state).toBe('active');
  await db.owner.query(statement, [domainId]);
  expect((await facts(domain)).credential?.state).toBe(state);
});

test('failures count per window; all addresses of a mailbox share a count', async () => {
  const { account, domain, domainId } = await makeMailbox(db.owner);
  await db.owner.query(`insert into address (tenant_id, domain_id, kind, local) values ($1, $2, 'address', 'b')`, [
    account.tenantId,
    domainId,
  ]);
  await db.owner.query(
    `insert into address_target (tenant_id, domain_id, kind, local, position, mailbox_id) values ($1, $2, 'address', 'b', 0, $3)`,
    [account.tenantId, domainId, account.mailboxId],
  );
  const key = `mailbox:${account.mailboxId}`;
  const remote = `remote:${domain}`;
  await Promise.all(Array.from({ length: 20 }, () => store.recordFailure([key, remote], 60)));
  for (const local of ['a', 'b']) {
    expect(await store.authFacts({ local, domain }, 'unused', remote)).toMatchObject({
      accountFailures: 20,
      remoteFailures: 20,
    });
  }
  await db.owner.query(`update auth_failure set window_until = now() - interval '1 second' where key = $1`, [key]);
  expect(await facts(domain)).toMatchObject({ accountFailures: 0 });
  await store.recordFailure([key], 60);
  expect(await facts(domain)).toMatchObject({ accountFailures: 1 });
  await store.clearFailures(key);
  expect(await facts(domain)).toMatchObject({ accountFailures: 0 });
});

test('an upgraded hash replaces only the hash that was verified', async () => {
  const { account, domain } = await makeMailbox(db.owner);
  await setHash(account.mailboxId, 'old');
  await store.upgradeHash(account, 'another', 'new');
  expect((await facts(domain)).credential?.hash).toBe('old');
  await store.upgradeHash(account, 'old', 'new');
  expect((await facts(domain)).credential?.hash).toBe('new');
});
