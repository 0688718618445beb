import type { CanonicalAddress } from '../address.ts';
import type { MailboxId, TenantId } from '../ids.ts';
import type { MailboxState } from '../resolution.ts';

/** Who is logged in: a mailbox of a tenant. */
export interface Account {
  readonly tenantId: TenantId;
  readonly mailboxId: MailboxId;
}

export interface Credential extends Account {
  /** `disabled` also where the domain is disabled or the tenant suspended. */
  readonly state: MailboxState;
  /** PHC string; undefined: no password was ever set. */
  readonly hash: string | undefined;
  /** Which password this is: differs after every change of it, not after a better hash of the same. */
  readonly passwordStamp: string;
}

/** What a session rests on: when it is no longer what it was at login, the session ends. */
export type Standing = Pick<Credential, 'state' | 'passwordStamp'>;

export interface AuthFacts {
  /** Undefined: no mailbox has this address. An alias is no login name. */
  readonly credential: Credential | undefined;
  /** Failures in the current window: of the key `mailbox:<id>` where the mailbox is known, else of `accountKey`. */
  readonly accountFailures: number;
  /** The same of `remoteKey`. */
  readonly remoteFailures: number;
}

/** What a login needs; the only way to a password hash. */
export abstract class AccountStore {
  /** Always the committed truth, in one round trip. Rejects when the database cannot answer. */
  abstract authFacts(login: CanonicalAddress, accountKey: string, remoteKey: string): Promise<AuthFacts>;
  /** The committed truth of many accounts, in order; undefined where the mailbox is gone. */
  abstract standings(accounts: readonly Account[]): Promise<(Standing | undefined)[]>;
  /** Adds one failure to each key; a key's window starts with its first failure and lasts `windowSeconds`. */
  abstract recordFailure(keys: readonly string[], windowSeconds: number): Promise<void>;
  abstract clearFailures(key: string): Promise<void>;
  /** Replaces a hash by a better one of the same password, only where it is still the one that was verified. */
  abstract upgradeHash(account: Account, oldHash: string, newHash: string): Promise<void>;
}
