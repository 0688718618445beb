/** One way to verify a password, for every protocol. */
import { domainToASCII } from 'node:url';
import { parseAddress, type AccountStore, type AuthFacts, type CanonicalAddress, type Credential } from '#domain';
import type { Log } from '#runtime';
import { CredentialCache } from './credential-cache.ts';
import { LoginsBusy, type HashingGate } from './gate.ts';
import {
  ACCOUNT_FAILURES,
  FAILURE_WINDOW,
  MAX_LOGIN_NAME,
  MAX_PASSWORD_OCTETS,
  MAX_WAITING_HASHES,
  REMOTE_FAILURES,
} from './limits.ts';
import { dummyHash, hashPassword, isKnownScheme, isOutdated, verifyPassword } from './password.ts';
import { remoteNetwork } from './remote-network.ts';
import type { LetIn } from './live-sessions.ts';
import { Tries } from './tries.ts';

export type Service = 'pop3' | 'imap';

export interface LoginAttempt {
  /** A full address in any case; the domain as U-label or A-label. */
  readonly login: string;
  readonly password: string | Buffer;
  readonly remoteAddress: string;
  readonly service: Service;
}

/**
 * `bad-credentials`: unknown user or wrong password, never told apart. `disabled` and `no-login`: right password, but the account
 * may not log in. `throttled`: too many failures lately; the password was not looked at.
 */
export type LoginRefusal = 'bad-credentials' | 'disabled' | 'no-login' | 'throttled';

export type LoginVerdict = ({ readonly ok: true } & LetIn) | { readonly ok: false; readonly why: LoginRefusal };

/** Nobody has it: the look-up of a login that is no address costs what any other costs. */
const NOBODY: CanonicalAddress = { local: '', domain: '' };

/**
 * Throttling: five failures a minute for an account whatever the addresses, twenty for a remote network. Then passwords are
 * refused without being looked at, until the window ends. A credential verified in this process within the last minutes still
 * works, so that nobody can lock an owner out by guessing.
 */
export class Authenticator {
  readonly #store: AccountStore;
  readonly #log: Log;
  readonly #cache: CredentialCache;
  readonly #tries: Tries;
  readonly #gate: HashingGate;
  readonly #flights = new Map<string, Promise<LoginRefusal | undefined>>();
  /** Tries that wait for others to end. */
  #waiting = 0;

  /** @param now milliseconds */
  constructor(store: AccountStore, log: Log, gate: HashingGate, now: () => number = Date.now) {
    this.#store = store;
    this.#log = log;
    this.#gate = gate;
    this.#cache = new CredentialCache(now);
    this.#tries = new Tries(now);
  }

  /** Rejects on faults of ours (database away, LoginsBusy): those must not read as a wrong password. */
  async verify({ login, password, remoteAddress, service }: LoginAttempt): Promise<LoginVerdict> {
    const address = (login.length <= MAX_LOGIN_NAME ? parseAddress(login, domainToASCII) : undefined) ?? NOBODY;
    const loginKey = `login:${address.local}@${address.domain}`;
    const remoteKey = `remote:${remoteNetwork(remoteAddress)}`;
    const askedAt = performance.now();
    const facts = await this.#store.authFacts(address, loginKey, remoteKey);
    const { credential } = facts;
    // The name of the key for a mailbox is auth_facts' too: all addresses of a mailbox share one count.
    const accountKey = credential ? `mailbox:${credential.mailboxId}` : loginKey;
    const octets = typeof password === 'string' ? Buffer.from(password) : password;
    const refusal = await this.#judge(octets, facts, accountKey, remoteKey);
    if (refusal) return { ok: false, why: refusal };
    // Without a credential the judgement was a refusal.
    if (!credential) return { ok: false, why: 'bad-credentials' };
    const { tenantId, mailboxId, state, passwordStamp } = credential;
    if (state !== 'active') {
      this.#log.info(
        { tenant: tenantId, mailbox: mailboxId, service, state },
        'login of an account that may not log in',
      );
      return { ok: false, why: state };
    }
    return { ok: true, account: { tenantId, mailboxId }, passwordStamp, askedAt };
  }

  /** Undefined: the password is right. */
  async #judge(
    password: Buffer,
    facts: AuthFacts,
    accountKey: string,
    remoteKey: string,
  ): Promise<LoginRefusal | undefined> {
    const { credential, accountFailures, remoteFailures } = facts;
    const usable = password.length > 0 && password.length <= MAX_PASSWORD_OCTETS && !password.includes(0);
    const mac = this.#cache.mac(credential?.hash ?? accountKey, usable ? password : Buffer.alloc(0));
    if (usable && credential?.hash !== undefined && this.#cache.has(credential, mac)) return undefined;
    if (accountFailures >= ACCOUNT_FAILURES || remoteFailures >= REMOTE_FAILURES) return 'throttled';
    // The same password for the same account, tried many times at once, is one try.
    const flight = `${accountKey} ${remoteKey} ${mac.toString('base64')}`;
    const underWay = this.#flights.get(flight);
    if (underWay) return underWay;
    const trying = this.#try(usable ? password : undefined, facts, accountKey, remoteKey, mac).finally(() =>
      this.#flights.delete(flight),
    );
    this.#flights.set(flight, trying);
    return trying;
  }

  async #try(
    password: Buffer | undefined,
    { credential, accountFailures }: AuthFacts,
    accountKey: string,
    remoteKey: string,
    mac: Buffer,
  ): Promise<LoginRefusal | undefined> {
    const limits = new Map([
      [accountKey, ACCOUNT_FAILURES],
      [remoteKey, REMOTE_FAILURES],
    ]);
    if (!(await this.#take(limits))) return 'throttled';
    let right: boolean;
    try {
      right = password !== undefined && (await this.#gate.run(() => this.#matches(credential, password)));
    } catch (error) {
      this.#tries.end(limits.keys(), 'not counted');
      throw error;
    }
    if (!right || !credential || password === undefined) {
      this.#tries.end(limits.keys(), 'failed');
      await this.#store.recordFailure([...limits.keys()], FAILURE_WINDOW);
      return 'bad-credentials';
    }
    this.#tries.end(limits.keys(), 'not counted');
    this.#tries.forget(accountKey);
    this.#cache.add(credential, mac);
    if (accountFailures > 0) await this.#store.clearFailures(accountKey);
    await this.#upgrade(credential, password);
    return undefined;
  }

  /** False: too many have failed. */
  async #take(limits: ReadonlyMap<string, number>): Promise<boolean> {
    for (;;) {
      const taken = this.#tries.take(limits);
      if (!(taken instanceof Promise)) return taken === 'taken';
      if (this.#waiting >= MAX_WAITING_HASHES) throw new LoginsBusy('too many logins at once');
      this.#waiting++;
      await taken;
      this.#waiting--;
    }
  }

  /** Hashes once, whatever is known of the user. */
  async #matches(credential: Credential | undefined, password: Buffer): Promise<boolean> {
    const stored = credential?.hash;
    if (stored !== undefined && isKnownScheme(stored)) {
      try {
        return await verifyPassword(stored, password);
      } catch (error) {
        this.#log.error({ mailbox: credential?.mailboxId, err: error }, 'a stored password hash cannot be read');
      }
    } else if (stored !== undefined) {
      this.#log.error({ mailbox: credential?.mailboxId }, 'a stored password hash has a scheme that is not supported');
    }
    await verifyPassword(await dummyHash(), password);
    return false;
  }

  /** A hash made with older parameters becomes one of today's; the login does not depend on it. */
  async #upgrade(credential: Credential, password: Buffer): Promise<void> {
    const { hash: stored } = credential;
    if (stored === undefined || !isOutdated(stored)) return;
    try {
      const better = await this.#gate.run(() => hashPassword(password));
      await this.#store.upgradeHash(credential, stored, better);
    } catch (error) {
      this.#log.warn({ mailbox: credential.mailboxId, err: error }, 'a password hash could not be upgraded');
    }
  }
}
