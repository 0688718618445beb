import { freshDatabase, type FreshDatabase } from '#testing';
import { ROOT_TENANT, type MailboxId, type TenantId } from '#domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { PgLoginFailureStore } from './pg-login-failure.store.ts';
import { PgAccountStore } from './pg-account.store.ts';

let db: FreshDatabase;
let store: PgAccountStore;
beforeAll(async () => {
  db = await freshDatabase();
  store = new PgAccountStore(db.as('posthouse_pop3'));
});
afterAll(() => db.drop());

const REMOTE = 'remote:192.0.2.1';
const HOME = '192.0.2.0/24';
const ask = (domain: string, local = 'a', network = HOME, remoteKey = REMOTE) =>
  store.authFacts({ login: { local, domain }, accountKey: `login:${local}@${domain}`, remoteKey, network });
const facts = (domain: string, local = 'a') => ask(domain, local);
const setHash = (mailbox: string, hash: string) =>
  db.owner.query(
    `insert into credential (tenant_id, mailbox_id, hash) select tenant_id, id, $2 from mailbox where id = $1
     on conflict (tenant_id, mailbox_id) do update set hash = excluded.hash`,
    [mailbox, hash],
  );

test('facts of a known and of an unknown login', async () => {
  const { account, domain } = await makeMailbox(db.owner);
  const credential = { ...account, state: 'active', hash: undefined, passwordStamp: '' };
  const known = { credential, knownNetwork: false, networkNoted: false, accountFailures: 0, remoteFailures: 0 };
  expect(await facts(domain)).toEqual(known);
  await setHash(account.mailboxId, 'h1');
  const passwordStamp = expect.stringMatching(/^\d+\.\d+$/) as unknown;
  expect(await facts(domain)).toEqual({ ...known, credential: { ...credential, hash: 'h1', passwordStamp } });
  const unknown = { ...known, credential: undefined };
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
    expect(await ask(domain, local, HOME, remote)).toMatchObject({
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

test('standings: of many at once, in order, whose stamp changes with the password but not with a better hash of it', async () => {
  const [one, two] = [await makeMailbox(db.owner), await makeMailbox(db.owner)];
  const nobody = { ...one.account, mailboxId: newId() as MailboxId };
  const look = () => store.standings([two.account, nobody, one.account]);
  await setHash(one.account.mailboxId, 'h1');
  const stamp = (await facts(one.domain)).credential?.passwordStamp;
  const active = { state: 'active', passwordStamp: stamp };
  expect(await look()).toEqual([{ state: 'active', passwordStamp: '' }, undefined, active]);
  await store.upgradeHash(one.account, 'h1', 'h2');
  await db.owner.query(`update domain set state = 'disabled' where id = $1`, [two.domainId]);
  expect(await look()).toEqual([{ state: 'disabled', passwordStamp: '' }, undefined, active]);
  await db.owner.query(`update credential set hash = 'h3', changed_at = clock_timestamp() where mailbox_id = $1`, [
    one.account.mailboxId,
  ]);
  const [, , changed] = await look();
  expect(changed?.passwordStamp).not.toBe(stamp);
  expect(await store.standings([])).toEqual([]);
});

test('failures are seen and forgotten by the operator alone', async () => {
  const { account, domain } = await makeMailbox(db.owner);
  const other = await makeMailbox(db.owner);
  const logins = new PgLoginFailureStore(db.as('posthouse_api'));
  const key = `mailbox:${account.mailboxId}`;
  await store.networkSeen(account, HOME);
  await store.recordFailure([key, 'remote:2001:db8:0:1::/64'], 60);
  await store.recordFailure([`${key} ${HOME}`, `mailbox:${other.account.mailboxId}`], 60);
  await store.recordFailure([`login:who knows@${domain}`], 60);
  const login = `A@${domain.toUpperCase()}`;
  expect(await logins.list(ROOT_TENANT, { login })).toMatchObject([
    { login: `a@${domain}`, network: undefined, failures: 1 },
    { login: `a@${domain}`, network: HOME, failures: 1 },
  ]);
  expect(await logins.list(ROOT_TENANT)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ login: undefined, network: '2001:db8:0:1::/64' }),
      expect.objectContaining({ login: `a@${other.domain}`, mailboxId: other.account.mailboxId }),
      expect.objectContaining({ login: `who knows@${domain}`, network: undefined, mailboxId: undefined }),
    ]),
  );
  for (const principal of [account.tenantId, newId() as TenantId]) expect(await logins.list(principal)).toEqual([]);
  expect(await logins.unlock(account.tenantId, { login })).toMatchObject({ forgotten: 0 });
  await expect(logins.unlock(newId() as TenantId, { login })).rejects.toMatchObject({ code: 'not-found' });
  expect(await logins.unlock(ROOT_TENANT, { login })).toMatchObject({ name: `a@${domain}`, forgotten: 2 });
  expect(await logins.list(ROOT_TENANT, { login })).toEqual([]);
  expect(await logins.list(ROOT_TENANT, { login: `a@${other.domain}` })).toHaveLength(1);
  await expect(logins.unlock(ROOT_TENANT, { login: `nobody@${domain}` })).rejects.toMatchObject({ code: 'not-found' });
  expect(await logins.unlock(ROOT_TENANT, { network: '192.0.2.77' })).toMatchObject({ forgotten: 0 });
});

test('an upgraded hash replaces only the hash that was verified', async () => {
  const { account, domain } = await makeMailbox(db.owner);
  await setHash(account.mailboxId, 'old');
  await store.upgradeHash(account, 'another', 'new');
  expect((await facts(domain)).credential?.hash).toBe('old');
  await store.upgradeHash(account, 'old', 'new');
  expect((await facts(domain)).credential?.hash).toBe('new');
});

test('a wrong password is counted, and forgotten, while a sweep of what only ages goes on', async () => {
  await store.recordFailure(['swept'], 60);
  await db.owner.query(`update auth_failure set window_until = now() - interval '2 hours' where key = 'swept'`);
  const sweep = await db.owner.connect();
  await sweep.query('begin');
  await sweep.query('select * from sweep_aged(1000, 0, 0)');
  // Were one of them to wait, the test would not end.
  expect(await store.recordFailure(['swept'], 60)).toBe(1);
  await store.clearFailures('swept');
  await sweep.query('rollback');
  sweep.release();
  expect(await store.recordFailure(['swept'], 60)).toBe(1);
});

test.each([
  ['a tenant', 'update tenant set state = state where id = $1'],
  ['a mailbox', 'delete from mailbox where tenant_id = $1'],
  ['a password', `update credential set hash = 'held' where tenant_id = $1`],
  ['the networks', 'delete from known_network where tenant_id = $1'],
])('nor does it wait for who holds %s', async (_, statement) => {
  const { account } = await makeMailbox(db.owner);
  await setHash(account.mailboxId, 'h1');
  const key = `mailbox:${account.mailboxId}`;
  await store.recordFailure([key], 60);
  const holder = await db.owner.connect();
  await holder.query('begin');
  await holder.query(statement, [account.tenantId]);
  expect(await store.recordFailure([key, REMOTE], 60)).toBe(2);
  await store.clearFailures(key);
  await holder.query('rollback');
  holder.release();
});

test('nobody waits for whoever holds an account: a better hash is left for the next login, and the others log in meanwhile', async () => {
  const { account, domain } = await makeMailbox(db.owner);
  await setHash(account.mailboxId, 'old');
  const removal = await db.owner.connect();
  await removal.query('begin');
  await removal.query('delete from credential where mailbox_id = $1', [account.mailboxId]);
  // Were one of them to wait, the test would not end: the removal goes on behind them.
  const upgrade = store.upgradeHash(account, 'old', 'new');
  expect((await facts(domain)).credential?.hash).toBe('old');
  expect(await store.standings([account])).toMatchObject([{ state: 'active' }]);
  await upgrade;
  await removal.query('rollback');
  removal.release();
  expect((await facts(domain)).credential?.hash).toBe('old');
  await store.upgradeHash(account, 'old', 'new');
  expect((await facts(domain)).credential?.hash).toBe('new');
});

test('many are asked for at once, each its own answer; one that cannot be read refuses no other', async () => {
  const boxes = await Promise.all(Array.from({ length: 20 }, () => makeMailbox(db.owner)));
  const asked = boxes.flatMap(({ domain }) => [facts(domain), facts(domain, 'nobody'), facts(domain, 'a\u0000')]);
  const answers = await Promise.allSettled(asked);
  const mailboxes = answers.map((one) => (one.status === 'fulfilled' ? one.value.credential?.mailboxId : 'fault'));
  expect(mailboxes).toEqual(boxes.flatMap(({ account }) => [account.mailboxId, undefined, 'fault']));
});

describe('networks', () => {
  const known = async (domain: string, network = HOME) => {
    const { knownNetwork, networkNoted, accountFailures } = await ask(domain, 'a', network);
    return [knownNetwork, networkNoted, accountFailures];
  };
  const age = (mailbox: string, interval: string) =>
    db.owner.query('update known_network set seen_at = now() - $2::interval where mailbox_id = $1', [
      mailbox,
      interval,
    ]);

  test('known for 30 days, noted for one, each with a count of its own', async () => {
    const { account, domain } = await makeMailbox(db.owner);
    const key = `mailbox:${account.mailboxId}`;
    expect(await known(domain)).toEqual([false, false, 0]);
    await store.networkSeen(account, HOME);
    expect(await known(domain)).toEqual([true, true, 0]);
    expect(await store.recordFailure([key, REMOTE], 60)).toBe(1);
    expect(await store.recordFailure([`${key} ${HOME}`, REMOTE], 60)).toBe(1);
    expect(await store.recordFailure([`${key} ${HOME}`, REMOTE], 60)).toBe(2);
    expect(await known(domain)).toEqual([true, true, 2]);
    expect(await known(domain, '192.0.3.0/24')).toEqual([false, false, 1]);
    await age(account.mailboxId, '2 days');
    expect(await known(domain)).toEqual([true, false, 2]);
    await store.networkSeen(account, HOME);
    expect(await known(domain)).toEqual([true, true, 2]);
    await age(account.mailboxId, '31 days');
    expect(await known(domain)).toEqual([false, false, 1]);
  });

  test('of one mailbox the 64 seen last, of another mailbox its own', async () => {
    const [one, two] = [await makeMailbox(db.owner), await makeMailbox(db.owner)];
    await store.networkSeen(one.account, HOME);
    await age(one.account.mailboxId, '3 hours');
    for (let at = 0; at < 64; at++) await store.networkSeen(one.account, `10.0.${at}.0/24`);
    expect(await known(one.domain)).toEqual([false, false, 0]);
    expect(await known(one.domain, '10.0.0.0/24')).toEqual([true, true, 0]);
    expect(await known(two.domain, '10.0.0.0/24')).toEqual([false, false, 0]);
    const { rowCount } = await db.owner.query('select from known_network where mailbox_id = $1', [
      one.account.mailboxId,
    ]);
    expect(rowCount).toBe(64);
  });

  test('a mailbox that is being removed is left alone, by nobody waiting, and takes its networks along', async () => {
    const { account, domain } = await makeMailbox(db.owner);
    await store.networkSeen(account, HOME);
    const removal = await db.owner.connect();
    await removal.query('begin');
    await removal.query('delete from mailbox where id = $1', [account.mailboxId]);
    // Were it to wait, the test would not end.
    await store.networkSeen(account, '10.0.0.0/24');
    await removal.query('commit');
    removal.release();
    expect(await facts(domain)).toMatchObject({ credential: undefined, knownNetwork: false });
    const { rowCount } = await db.owner.query('select from known_network where mailbox_id = $1', [account.mailboxId]);
    expect(rowCount).toBe(0);
  });

  test('those nobody logged in from for 30 days are swept', async () => {
    const { account } = await makeMailbox(db.owner);
    await store.networkSeen(account, HOME);
    await age(account.mailboxId, '31 days');
    await db.owner.query('select * from sweep_aged(1000, 7, 90)');
    const { rowCount } = await db.owner.query('select from known_network where mailbox_id = $1', [account.mailboxId]);
    expect(rowCount).toBe(0);
  });
});
