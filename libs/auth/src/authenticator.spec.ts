import {
  AccountStore,
  type Account,
  type AuthFacts,
  type CanonicalAddress,
  type Credential,
  type MailboxId,
  type MailboxState,
  type Standing,
  type TenantId,
} from '#domain';
import { silentLog } from '#runtime';
import { argon2id, hash } from 'argon2';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Authenticator, type LoginRefusal, type LoginVerdict } from './authenticator.ts';
import { HashingGate } from './gate.ts';
import { ACCOUNT_FAILURES, CACHE_LIFETIME, FAILURE_WINDOW, MAX_PASSWORD_OCTETS, REMOTE_FAILURES } from './limits.ts';
import * as passwords from './password.ts';
import { hashPassword } from './password.ts';

vi.mock(import('./password.ts'), { spy: true });

const PASSWORD = 'correct horse';
const account: Account = { tenantId: 'tenant' as TenantId, mailboxId: 'mailbox' as MailboxId };

/** The tables behind the port, in memory. */
class Accounts extends AccountStore {
  readonly people = new Map<string, Credential>();
  readonly failures = new Map<string, number>();
  away = false;

  async authFacts({ local, domain }: CanonicalAddress, accountKey: string, remoteKey: string): Promise<AuthFacts> {
    if (this.away) throw new Error('database away');
    const credential = this.people.get(`${local}@${domain}`);
    const key = credential ? `mailbox:${credential.mailboxId}` : accountKey;
    return {
      credential,
      accountFailures: this.failures.get(key) ?? 0,
      remoteFailures: this.failures.get(remoteKey) ?? 0,
    };
  }
  async standings(): Promise<(Standing | undefined)[]> {
    return [];
  }
  async recordFailure(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
  }
  async clearFailures(key: string): Promise<void> {
    this.failures.delete(key);
  }
  async upgradeHash(_: Account, oldHash: string, newHash: string): Promise<void> {
    for (const [name, one] of this.people) if (one.hash === oldHash) this.people.set(name, { ...one, hash: newHash });
  }
}

let stored: string;
let accounts: Accounts;
let authenticator: Authenticator;
let now: number;
let addresses: number;

beforeAll(async () => {
  stored = await hashPassword(PASSWORD);
  await passwords.dummyHash();
});
beforeEach(() => {
  accounts = new Accounts();
  setPerson('active');
  now = 1_000_000;
  addresses = 0;
  authenticator = new Authenticator(accounts, silentLog(), new HashingGate(), () => now);
  vi.mocked(passwords.verifyPassword).mockClear();
});

const setPerson = (state: MailboxState, hashed: string | undefined = stored): void =>
  void accounts.people.set('jürgen@xn--mller-kva.example', { ...account, state, hash: hashed, passwordStamp: '1' });

const LOGIN = 'jürgen@müller.example';
const login = (
  password: string | Buffer,
  name = LOGIN,
  remoteAddress = `192.0.2.${++addresses}`,
): Promise<LoginVerdict> => authenticator.verify({ login: name, password, remoteAddress, service: 'pop3' });
const refused = (why: LoginRefusal): LoginVerdict => ({ ok: false, why });
const WRONG = refused('bad-credentials');
const hashes = (): number => vi.mocked(passwords.verifyPassword).mock.calls.length;

describe('who may log in', () => {
  test.each([[LOGIN], ['JÜRGEN@MÜLLER.Example'], ['jürgen@XN--MLLER-KVA.example'], ['ju\u0308rgen@müller.example']])(
    '%s, by the right password',
    async (name) => {
      expect(await login(PASSWORD, name)).toMatchObject({ ok: true, account });
      expect(await login('wrong', name)).toEqual(WRONG);
    },
  );

  test.each([
    ['nobody@müller.example'],
    ['jürgen@other.example'],
    ['jürgen'],
    [''],
    ['@'],
    ['__proto__@müller.example'],
    [`${'x'.repeat(1000)}@müller.example`],
    ['jürgen\u0000@müller.example'],
    ['jürgen\r\n@müller.example'],
  ])('not %j; and it costs one hash, as a wrong password does', async (name) => {
    expect(await login(PASSWORD, name)).toEqual(WRONG);
    expect(hashes()).toBe(1);
  });

  test.each([[''], ['x'.repeat(10_000)], ['é'.repeat(MAX_PASSWORD_OCTETS / 2 + 1)], [`${PASSWORD}\u0000`], ['\u0000']])(
    'no password is %j: refused like a wrong one, without hashing it',
    async (password) => {
      expect(await login(password)).toEqual(WRONG);
      expect(hashes()).toBe(0);
      expect(accounts.failures.get('mailbox:mailbox')).toBe(1);
    },
  );

  test('a state is told to the right password alone', async () => {
    for (const state of ['disabled', 'no-login'] as const) {
      setPerson(state);
      expect(await login('wrong')).toEqual(WRONG);
      expect(await login(PASSWORD)).toEqual(refused(state));
    }
  });

  test.each([[''], ['$6$salt$abc'], ['$argon2id$broken'], ['plain']])(
    'a stored hash %j lets nobody in',
    async (unreadable) => {
      setPerson('active', unreadable);
      expect(await login(unreadable)).toEqual(WRONG);
    },
  );

  test('a mailbox without a password lets nobody in', async () => {
    accounts.people.set('jürgen@xn--mller-kva.example', {
      ...account,
      state: 'active',
      hash: undefined,
      passwordStamp: '',
    });
    expect(await login(PASSWORD)).toEqual(WRONG);
    expect(await login('')).toEqual(WRONG);
    expect(hashes()).toBe(1);
  });

  test('a password of any octets', async () => {
    const octets = Buffer.from([0xff, 0xfe, 0x20, 0x0d]);
    setPerson('active', await hashPassword(octets));
    expect(await login(octets)).toMatchObject({ ok: true });
    expect(await login(octets.toString())).toEqual(WRONG);
  });

  test('a fault of ours is no refusal', async () => {
    accounts.away = true;
    await expect(login(PASSWORD)).rejects.toThrow('database away');
  });
});

describe('the cache', () => {
  test('one hash for many logins, until its lifetime ends', async () => {
    for (let turn = 0; turn < 10; turn++) expect(await login(PASSWORD)).toMatchObject({ ok: true });
    expect(hashes()).toBe(1);
    now += CACHE_LIFETIME * 1000;
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
    expect(hashes()).toBe(2);
  });

  test('a changed password or state is effective at once', async () => {
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
    setPerson('active', await hashPassword('new'));
    expect(await login(PASSWORD)).toEqual(WRONG);
    expect(await login('new')).toMatchObject({ ok: true });
    setPerson('disabled', accounts.people.get('jürgen@xn--mller-kva.example')?.hash);
    expect(await login('new')).toEqual(refused('disabled'));
    accounts.people.clear();
    expect(await login('new')).toEqual(WRONG);
  });

  test('a wrong password is never cached', async () => {
    expect(await login('wrong')).toEqual(WRONG);
    expect(await login('wrong')).toEqual(WRONG);
    expect(hashes()).toBe(2);
  });

  test('equal logins at the same time share one hash', async () => {
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => login(PASSWORD, LOGIN, '192.0.2.1')));
    expect(verdicts.every(({ ok }) => ok)).toBe(true);
    expect(hashes()).toBe(1);
  });

  test('a hash of other parameters is replaced at the login', async () => {
    const outdated = await hash(PASSWORD, { type: argon2id, memoryCost: 1024, timeCost: 2, parallelism: 1 });
    setPerson('active', outdated);
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
    const today = accounts.people.get('jürgen@xn--mller-kva.example')?.hash ?? '';
    expect(today).not.toBe(outdated);
    expect(passwords.isOutdated(today)).toBe(false);
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
  });
});

describe('the throttle', () => {
  const guess = (count: number, remote?: string): Promise<LoginVerdict[]> =>
    Promise.all(Array.from({ length: count }, (_, at) => login(`guess ${at}`, LOGIN, remote)));

  test('an account takes five wrong passwords a minute, from wherever they come', async () => {
    for (let turn = 0; turn < ACCOUNT_FAILURES; turn++) expect(await login(`guess ${turn}`)).toEqual(WRONG);
    expect(await login('guess')).toEqual(refused('throttled'));
    expect(await login(PASSWORD)).toEqual(refused('throttled'));
    expect(hashes()).toBe(ACCOUNT_FAILURES);
    accounts.failures.clear();
    now += FAILURE_WINDOW * 1000;
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
  });

  test('a hundred guesses at once are five', async () => {
    const verdicts = await guess(100);
    expect(verdicts.filter((one) => !one.ok && one.why === 'bad-credentials')).toHaveLength(ACCOUNT_FAILURES);
    expect(hashes()).toBe(ACCOUNT_FAILURES);
  });

  test('what is cached still works while somebody guesses', async () => {
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
    await guess(10);
    expect(await login('guess')).toEqual(refused('throttled'));
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
  });

  test('thirty colleagues behind one address at once are no attack', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `user${at}@y.example`);
    for (const name of names) {
      accounts.people.set(name, {
        ...account,
        mailboxId: name as MailboxId,
        state: 'active',
        hash: stored,
        passwordStamp: '1',
      });
    }
    const verdicts = await Promise.all(names.map((name) => login(PASSWORD, name, '192.0.2.1')));
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(names.length);
  });

  test('sixty guesses at once from one address, an account each, are twenty', async () => {
    const names = Array.from({ length: 60 }, (_, at) => `user${at}@y.example`);
    const verdicts = await Promise.all(names.map((name) => login('guess', name, '192.0.2.1')));
    expect(verdicts.filter((one) => !one.ok && one.why === 'bad-credentials')).toHaveLength(REMOTE_FAILURES);
    expect(hashes()).toBe(REMOTE_FAILURES);
  });

  test('an unknown user is throttled as a known one is', async () => {
    for (let turn = 0; turn < ACCOUNT_FAILURES; turn++)
      expect(await login(`guess ${turn}`, 'x@y.example')).toEqual(WRONG);
    expect(await login('guess', 'x@y.example')).toEqual(refused('throttled'));
    expect(await login('guess', 'X@Y.example')).toEqual(refused('throttled'));
  });

  test('a remote network takes twenty, over all accounts; others are not hurt', async () => {
    for (let turn = 0; turn < REMOTE_FAILURES; turn++) {
      expect(await login('guess', `user${turn}@y.example`, `2001:db8:0:1::${turn}`)).toEqual(WRONG);
    }
    expect(await login(PASSWORD, LOGIN, '2001:db8:0:1:ffff::1')).toEqual(refused('throttled'));
    expect(await login(PASSWORD, LOGIN, '2001:db8:0:2::1')).toMatchObject({ ok: true });
  });

  test('loopback is not exempt', async () => {
    await guess(ACCOUNT_FAILURES, '127.0.0.1');
    expect(await login(PASSWORD, LOGIN, '127.0.0.1')).toEqual(refused('throttled'));
  });

  test('a right password clears the account’s count', async () => {
    await guess(ACCOUNT_FAILURES - 1);
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
    expect(accounts.failures.has('mailbox:mailbox')).toBe(false);
    expect(await guess(ACCOUNT_FAILURES)).toEqual(Array.from({ length: ACCOUNT_FAILURES }, () => WRONG));
  });

  test('failures that other processes counted hold here too', async () => {
    accounts.failures.set('mailbox:mailbox', ACCOUNT_FAILURES);
    expect(await login(PASSWORD)).toEqual(refused('throttled'));
    expect(hashes()).toBe(0);
  });
});
