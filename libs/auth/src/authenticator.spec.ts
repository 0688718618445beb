import {
  AccountStore,
  failureKey,
  type Account,
  type AuthFacts,
  type AuthQuestion,
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

const { verifyPassword: original } = await vi.importActual<typeof passwords>('./password.ts');
const PASSWORD = 'correct horse';
const account: Account = { tenantId: 'tenant' as TenantId, mailboxId: 'mailbox' as MailboxId };

/** The tables behind the port, in memory. */
class Accounts extends AccountStore {
  readonly people = new Map<string, Credential>();
  readonly failures = new Map<string, number>();
  /** Networks in which an account is known, as `mailbox network`. */
  readonly networks = new Set<string>();
  away = false;

  async authFacts(question: AuthQuestion): Promise<AuthFacts> {
    if (this.away) throw new Error('database away');
    const credential = this.people.get(`${question.login.local}@${question.login.domain}`);
    const knownNetwork = credential !== undefined && this.networks.has(`${credential.mailboxId} ${question.network}`);
    const facts = { credential, knownNetwork, networkNoted: knownNetwork, accountFailures: 0, remoteFailures: 0 };
    const accountFailures = this.failures.get(failureKey(question, facts)) ?? 0;
    return { ...facts, accountFailures, remoteFailures: this.failures.get(question.remoteKey) ?? 0 };
  }
  async networkSeen({ mailboxId }: Account, network: string): Promise<void> {
    this.networks.add(`${mailboxId} ${network}`);
  }
  async standings(): Promise<(Standing | undefined)[]> {
    return [];
  }
  async recordFailure(keys: readonly [string, ...string[]]): Promise<number> {
    for (const key of keys) this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
    return this.failures.get(keys[0]) ?? 0;
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
  remoteAddress = `10.${++addresses}.2.1`,
): Promise<LoginVerdict> => authenticator.verify({ login: name, password, remoteAddress, service: 'pop3' });
const refused = (why: LoginRefusal): unknown => expect.objectContaining({ ok: false, why });
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

  test('its lifetime begins anew with every use, whatever others guess meanwhile', async () => {
    expect(await login(PASSWORD)).toMatchObject({ ok: true });
    for (let turn = 0; turn < 10; turn++) {
      now += CACHE_LIFETIME * 900;
      accounts.failures.set('mailbox:mailbox', 100);
      expect(await login(PASSWORD)).toMatchObject({ ok: true });
    }
    expect(hashes()).toBe(1);
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
    const hashNow = (): string => accounts.people.get('jürgen@xn--mller-kva.example')?.hash ?? '';
    await expect.poll(hashNow).not.toBe(outdated);
    const today = hashNow();
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

  const HOME = '198.51.100.7';

  test('a right password clears the count of a known network, and not that of strangers', async () => {
    await login(PASSWORD, LOGIN, HOME);
    const elsewhere = new Authenticator(accounts, silentLog(), new HashingGate(), () => now);
    accounts.failures.set('mailbox:mailbox', 4).set('mailbox:mailbox 198.51.100.0/24', 4);
    const attempt = { login: LOGIN, password: PASSWORD, remoteAddress: HOME, service: 'imap' } as const;
    expect(await elsewhere.verify(attempt)).toMatchObject({ ok: true });
    expect(Object.fromEntries(accounts.failures)).toEqual({ 'mailbox:mailbox': 4 });
  });

  /** As after a restart: nothing is cached. */
  const restarted = (): void =>
    void (authenticator = new Authenticator(accounts, silentLog(), new HashingGate(), () => now));

  test('a thousand strangers at once have five guesses, and the owner gets in from where he was before', async () => {
    expect(await login(PASSWORD, LOGIN, HOME)).toMatchObject({ ok: true });
    restarted();
    vi.mocked(passwords.verifyPassword).mockClear();
    const verdicts = await guess(1_000);
    expect(verdicts.filter((one) => !one.ok && one.why === 'bad-credentials')).toHaveLength(ACCOUNT_FAILURES);
    expect(hashes()).toBe(ACCOUNT_FAILURES);
    expect(await login(PASSWORD)).toEqual(refused('throttled'));
    for (const address of [HOME, '198.51.100.250', `::ffff:${HOME}`]) {
      restarted();
      expect(await login(PASSWORD, LOGIN, address)).toMatchObject({ ok: true });
    }
    restarted();
    expect(await login(PASSWORD, LOGIN, '198.51.101.7')).toEqual(refused('throttled'));
  });

  test.each([
    [HOME, '198.51.100.9'],
    ['2001:db8:7:7::1', '2001:db8:7:7:aaaa::2'],
    ['127.0.0.1', '127.0.0.2'],
  ])('one beside the owner has five guesses too (%s), which are nobody else’s', async (home, beside) => {
    expect(await login(PASSWORD, LOGIN, home)).toMatchObject({ ok: true });
    restarted();
    vi.mocked(passwords.verifyPassword).mockClear();
    await guess(100, beside);
    expect(hashes()).toBe(ACCOUNT_FAILURES);
    expect(accounts.failures.get('mailbox:mailbox')).toBeUndefined();
    expect(await login('guess')).toEqual(WRONG);
    // The owner in the midst of it waits for the window, or comes from elsewhere; what is cached then goes on.
    expect(await login(PASSWORD, LOGIN, home)).toEqual(refused('throttled'));
    for (const address of [undefined, home]) expect(await login(PASSWORD, LOGIN, address)).toMatchObject({ ok: true });
  });

  test('an office where somebody’s phone has an old password: those who are known there get in', async () => {
    expect(await login(PASSWORD, LOGIN, HOME)).toMatchObject({ ok: true });
    restarted();
    accounts.failures.set(`remote:${HOME}`, REMOTE_FAILURES);
    expect(await login('guess', 'newcomer@y.example', HOME)).toEqual(refused('throttled'));
    expect(await login(PASSWORD, LOGIN, HOME)).toMatchObject({ ok: true });
  });

  test('nobody is known anywhere for a wrong password, nor for an account that may not log in', async () => {
    setPerson('disabled');
    await login('guess');
    expect(await login(PASSWORD)).toEqual(refused('disabled'));
    expect(accounts.networks.size).toBe(0);
  });

  test('two processes: of the guesses of both no more than five are answered', async () => {
    const other = new Authenticator(accounts, silentLog(), new HashingGate(), () => now);
    const verdicts = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        (at % 2 ? authenticator : other).verify({
          login: LOGIN,
          password: `guess ${at}`,
          remoteAddress: `10.9.${at}.1`,
          service: at % 2 ? 'pop3' : 'imap',
        }),
      ),
    );
    expect(verdicts.filter((one) => !one.ok && one.why === 'bad-credentials')).toHaveLength(ACCOUNT_FAILURES);
  });

  test('a right password that comes behind five wrong ones of another process is no answer either', async () => {
    const verifying = vi.mocked(passwords.verifyPassword).mockImplementationOnce(async () => {
      accounts.failures.set('mailbox:mailbox', ACCOUNT_FAILURES);
      return true;
    });
    expect(await login(PASSWORD)).toEqual(refused('throttled'));
    verifying.mockReset();
    vi.mocked(passwords.verifyPassword).mockImplementation(original);
  });

  test('a password that is changed while a login waits is the one that counts', async () => {
    const fresh = await hashPassword('new');
    const whileLooking = (): void =>
      void vi.mocked(passwords.verifyPassword).mockImplementationOnce(async (phc, password) => {
        setPerson('active', fresh);
        return original(phc, password);
      });
    whileLooking();
    expect(await login(PASSWORD)).toEqual(WRONG);
    setPerson('active');
    whileLooking();
    expect(await login('new')).toMatchObject({ ok: true });
  });

  test('failures that other processes counted hold here too', async () => {
    accounts.failures.set('mailbox:mailbox', ACCOUNT_FAILURES);
    expect(await login(PASSWORD)).toEqual(refused('throttled'));
    expect(hashes()).toBe(0);
  });
});
