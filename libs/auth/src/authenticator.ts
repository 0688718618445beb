/** One way to verify a password, for every protocol. */
import { domainToASCII } from 'node:url';
import {
  failureKey,
  loginKey,
  remoteKey,
  parseAddress,
  showAddress,
  shownMailbox,
  showId,
  visible,
  type AccountStore,
  type AuthFacts,
  type AuthQuestion,
  type CanonicalAddress,
  type Credential,
} from '#domain';
import type { Log } from '#runtime';
import { CredentialCache } from './credential-cache.ts';
import { LoginsBusy, type Candidate, type HashingGate, type Presence } from './gate.ts';
import {
  ACCOUNT_FAILURES,
  FAILURE_WINDOW,
  MAX_JUDGEMENTS,
  MAX_LOGIN_NAME,
  MAX_PASSWORD_OCTETS,
  REMOTE_FAILURES,
} from './limits.ts';
import type { LetIn } from './live-sessions.ts';
import { dummyHash, hashPassword, isKnownScheme, isOutdated, verifyPassword } from './password.ts';
import { homeNetwork, remoteNetwork } from './remote-network.ts';
import { Tries } from './tries.ts';

export type Service = 'pop3' | 'imap';

export interface LoginAttempt {
  /** A full address in any case; the domain as U-label or A-label. */
  readonly login: string;
  readonly password: string | Buffer;
  readonly remoteAddress: string;
  readonly service: Service;
  /** Whether the client still waits, asked when its turn comes. */
  readonly presence?: () => Presence;
  /** Aborts when nobody waits for the answer: the place in the queue is free at once. */
  readonly gone?: AbortSignal;
}

/**
 * `bad-credentials`: unknown user or wrong password, never told apart. `disabled` and `no-login`: right password, but the account
 * may not log in. `throttled`: too many failures lately; the password was not looked at.
 */
export type LoginRefusal = 'bad-credentials' | 'disabled' | 'no-login' | 'throttled';

/** Who was refused, for the log: never what was typed where it is no address, which may be a password in the wrong field. */
export interface Refused {
  readonly ok: false;
  readonly why: LoginRefusal;
  /** Undefined: it was no address. */
  readonly login: string | undefined;
  /** Its id as it is shown; undefined: no mailbox has the address. */
  readonly mailbox: string | undefined;
}

export type LoginVerdict = ({ readonly ok: true } & LetIn) | Refused;

/** Nobody has it: the look-up of a login that is no address costs what any other costs. */
const NOBODY: CanonicalAddress = { local: '', domain: '' };

/** A judgement, and the facts that it rests on. */
interface Judged {
  /** Undefined: the password is right. */
  readonly why: LoginRefusal | undefined;
  readonly facts: AuthFacts;
}

/** One judgement for all who try the same password for the same account from the same address at the same time. */
interface Flight {
  readonly judged: Promise<Judged>;
  readonly clients: Clients;
}

interface Try {
  readonly question: AuthQuestion;
  readonly password: Buffer;
  /** Undefined: no password can be this. */
  readonly usable: boolean;
  readonly presence: () => Presence;
  readonly gone: AbortSignal | undefined;
}

/**
 * Throttling: five failures a minute for an account from all networks together that it does not know, five from each network that it
 * logged in from lately, and twenty for a remote address with accounts that do not know its network. Then passwords are refused without
 * being looked at, until the window ends. So strangers guess a few times a minute whatever their addresses, and lock no owner out. A
 * credential that was verified in this process, and used since, works whatever others do.
 */
export class Authenticator {
  readonly #store: AccountStore;
  readonly #log: Log;
  readonly #cache: CredentialCache;
  readonly #tries: Tries;
  readonly #gate: HashingGate;
  readonly #flights = new Map<string, Flight>();

  /** @param now milliseconds */
  constructor(store: AccountStore, log: Log, gate: HashingGate, now: () => number = Date.now) {
    this.#store = store;
    this.#log = log;
    this.#gate = gate;
    this.#cache = new CredentialCache(now);
    this.#tries = new Tries(now);
  }

  /**
   * The operator lets somebody in again: what this process has counted is forgotten as well. Of rings that were missed, all of it; the
   * database's counts stand.
   * @param key what counts the failures (`failureKey`)
   */
  forget(key: string | undefined): void {
    this.#tries.forgetAll(key);
    if (key !== undefined) this.#log.info({ of: shownKey(key) }, 'failed logins forgotten by the operator');
  }

  /** Rejects on faults of ours (database away, LoginsBusy): those must not read as a wrong password. May take MAX_LOGIN_WAIT. */
  async verify(attempt: LoginAttempt): Promise<LoginVerdict> {
    const { login, password, remoteAddress, service, presence = () => 'here', gone } = attempt;
    const address = (login.length <= MAX_LOGIN_NAME ? parseAddress(login, domainToASCII) : undefined) ?? NOBODY;
    const question: AuthQuestion = {
      login: address,
      accountKey: loginKey(address),
      remoteKey: remoteKey(remoteNetwork(remoteAddress)),
      network: homeNetwork(remoteAddress),
    };
    const octets = typeof password === 'string' ? Buffer.from(password) : password;
    const usable = octets.length > 0 && octets.length <= MAX_PASSWORD_OCTETS && !octets.includes(0);
    const askedAt = performance.now();
    const facts = await this.#store.authFacts(question);
    const judged = await this.#judge({ question, password: octets, usable, presence, gone }, facts);
    const refused = (why: LoginRefusal): Refused => ({
      ok: false,
      why,
      login: address === NOBODY ? undefined : visible(showAddress(address)),
      mailbox: shownMailbox(judged.facts.credential),
    });
    if (judged.why) return refused(judged.why);
    const { credential } = judged.facts;
    // Without a credential the judgement was a refusal.
    if (!credential) return refused('bad-credentials');
    const { tenantId, mailboxId, state, passwordStamp } = credential;
    if (state !== 'active') {
      this.#log.info(
        { tenant: showId('ten', tenantId), mailbox: shownMailbox(credential), service, state },
        'login of an account that may not log in',
      );
      return refused(state);
    }
    if (!judged.facts.networkNoted) await this.#note(credential, question.network);
    return { ok: true, account: { tenantId, mailboxId }, passwordStamp, askedAt };
  }

  async #judge(trying: Try, facts: AuthFacts): Promise<Judged> {
    const { question, usable, password } = trying;
    const { credential } = facts;
    const mac = this.#macOf(trying, facts);
    if (usable && credential?.hash !== undefined && this.#cache.has(credential, mac)) return { why: undefined, facts };
    if (isThrottled(facts)) return { why: 'throttled', facts };
    // The same password for the same account, tried many times at once, is one try.
    const name = `${failureKey(question, facts)} ${question.remoteKey} ${mac.toString('base64')}`;
    const underWay = this.#flights.get(name);
    if (underWay) {
      underWay.clients.join(trying);
      return underWay.judged;
    }
    const clients = new Clients(trying);
    const shared = { question, password, usable, presence: () => clients.presence(), gone: clients.gone };
    const judged = this.#judgeAnew(shared, facts).finally(() => {
      if (this.#flights.get(name)?.clients === clients) this.#flights.delete(name);
    });
    this.#flights.set(name, { judged, clients });
    // Whoever comes behind the last of them begins anew.
    clients.gone.addEventListener('abort', () => this.#flights.delete(name), { once: true });
    return judged;
  }

  /** What the facts were before the wait may not be so behind it: the password is looked at again where it was changed meanwhile. */
  async #judgeAnew(trying: Try, before: AuthFacts): Promise<Judged> {
    let facts = before;
    for (let round = 0; round < MAX_JUDGEMENTS; round++) {
      const looked = facts;
      const result = await this.#try(trying, looked);
      if (result === 'throttled') return { why: result, facts: looked };
      facts = await this.#store.authFacts(trying.question);
      if (facts.credential?.hash === looked.credential?.hash) return this.#settle(trying, facts, result);
    }
    throw new LoginsBusy('the password changes while it is looked at');
  }

  /** Waits for its turn and hashes once, whatever is known of the user. */
  async #try(trying: Try, facts: AuthFacts): Promise<'right' | 'wrong' | 'throttled'> {
    const { question, usable, password } = trying;
    if (!usable) return 'wrong';
    const account = failureKey(question, facts);
    const limits = new Map([[account, ACCOUNT_FAILURES]]);
    if (!facts.knownNetwork) limits.set(question.remoteKey, REMOTE_FAILURES);
    const { presence, gone } = trying;
    const candidate: Candidate = { network: question.remoteKey, account, presence, gone };
    return this.#gate.run(candidate, async () => {
      // Those it may depend on are being hashed right now: they had their turn before.
      for (let taken = this.#tries.take(limits); taken !== 'taken'; taken = this.#tries.take(limits)) {
        if (taken === 'used-up') return 'throttled';
        await taken;
      }
      let how: 'failed' | 'not counted' = 'not counted';
      try {
        const right = await this.#matches(facts.credential, password);
        if (!right) how = 'failed';
        return right ? 'right' : 'wrong';
      } finally {
        this.#tries.end(limits.keys(), how);
      }
    });
  }

  /**
   * Counts a wrong password, and tells what came of it only while the account's count has not run out: of many guesses at once, in
   * all processes, no more than the first five learn anything.
   */
  async #settle(trying: Try, facts: AuthFacts, result: 'right' | 'wrong'): Promise<Judged> {
    const { question, password } = trying;
    const { credential, accountFailures, knownNetwork } = facts;
    const account = failureKey(question, facts);
    if (result === 'wrong' || !credential) {
      const failures = await this.#store.recordFailure([account, question.remoteKey], FAILURE_WINDOW);
      return { why: failures > ACCOUNT_FAILURES ? 'throttled' : 'bad-credentials', facts };
    }
    if (isThrottled(facts)) return { why: 'throttled', facts };
    this.#cache.add(credential, this.#macOf(trying, facts));
    // The count of strangers goes on: a login of the owner gives nobody more guesses.
    if (knownNetwork) {
      this.#tries.forget(account);
      if (accountFailures > 0) await this.#store.clearFailures(account);
    }
    void this.#upgrade(trying, credential, password);
    return { why: undefined, facts };
  }

  #macOf({ question, usable, password }: Try, { credential }: AuthFacts): Buffer {
    const secret = usable ? password : Buffer.alloc(0);
    return this.#cache.mac(credential?.hash ?? credential?.mailboxId ?? question.accountKey, secret);
  }

  /** One hash, whoever it is. */
  async #matches(credential: Credential | undefined, password: Buffer): Promise<boolean> {
    const stored = credential?.hash;
    if (stored !== undefined && isKnownScheme(stored)) {
      try {
        return await verifyPassword(stored, password);
      } catch (error) {
        this.#log.error({ mailbox: shownMailbox(credential), err: error }, 'a stored password hash cannot be read');
      }
    } else if (stored !== undefined) {
      this.#log.error(
        { mailbox: shownMailbox(credential) },
        'a stored password hash has a scheme that is not supported',
      );
    }
    await verifyPassword(await dummyHash(), password);
    return false;
  }

  /** A hash made with older parameters becomes one of today's, when nobody waits for a turn; no login depends on it. */
  async #upgrade({ question }: Try, credential: Credential, password: Buffer): Promise<void> {
    const { hash: stored } = credential;
    if (stored === undefined || !isOutdated(stored)) return;
    try {
      const last: Candidate = { network: question.remoteKey, account: 'upgrade', presence: () => 'leaving' };
      const better = await this.#gate.run(last, () => hashPassword(password));
      await this.#store.upgradeHash(credential, stored, better);
    } catch (error) {
      this.#log.warn({ mailbox: shownMailbox(credential), err: error }, 'a password hash could not be upgraded');
    }
  }

  async #note(account: Credential, network: string): Promise<void> {
    try {
      await this.#store.networkSeen(account, network);
    } catch (error) {
      this.#log.warn({ mailbox: shownMailbox(account), err: error }, 'the network of a login was not noted');
    }
  }
}

/** With the id that commands take. */
const shownKey = (key: string): string => visible(key.replace(/^mailbox:(.*)$/, (_, id: string) => showId('mbx', id)));

/** An account that knows the network does not suffer for what others do there. */
const isThrottled = ({ accountFailures, remoteFailures, knownNetwork }: AuthFacts): boolean =>
  accountFailures >= ACCOUNT_FAILURES || (!knownNetwork && remoteFailures >= REMOTE_FAILURES);

/** Those who share a judgement: as near as the nearest of them, and gone when the last one is. */
class Clients {
  readonly #presences: (() => Presence)[] = [];
  readonly #left = new AbortController();

  constructor(first: Pick<Try, 'presence' | 'gone'>) {
    this.join(first);
  }

  get gone(): AbortSignal {
    return this.#left.signal;
  }

  join({ presence, gone }: Pick<Try, 'presence' | 'gone'>): void {
    this.#presences.push(presence);
    const left = (): void => {
      if (this.presence() === 'gone') this.#left.abort();
    };
    gone?.addEventListener('abort', left, { once: true });
  }

  presence(): Presence {
    const all = new Set(this.#presences.map((presence) => presence()));
    if (all.has('here')) return 'here';
    return all.has('leaving') ? 'leaving' : 'gone';
  }
}
