import type { CanonicalAddress } from '../address.ts';
import { showId, type MailboxId, type TenantId } from '../ids.ts';
import type { MailboxState } from '../resolution.ts';

/** Who is logged in: a mailbox of a tenant. */
export interface Account {
  readonly tenantId: TenantId;
  readonly mailboxId: MailboxId;
}

/** For logs: the id that commands take. */
export const shownMailbox = (account: Pick<Account, 'mailboxId'> | undefined): string | undefined =>
  account && showId('mbx', account.mailboxId);

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

/** Who knocks. */
export interface AuthQuestion {
  readonly login: CanonicalAddress;
  /** Counts the failures of a login that no mailbox has. */
  readonly accountKey: string;
  /** Counts those of the client's address. */
  readonly remoteKey: string;
  /** Where the client is: what the account knows, or does not. */
  readonly network: string;
}

export interface AuthFacts {
  /** Undefined: no mailbox has this address. An alias is no login name. */
  readonly credential: Credential | undefined;
  /** The account logged in from this network within 30 days. */
  readonly knownNetwork: boolean;
  /** Within one. */
  readonly networkNoted: boolean;
  /** Failures in the current window, of `failureKey`. */
  readonly accountFailures: number;
  /** The same of `remoteKey`. */
  readonly remoteFailures: number;
}

/** Counts the failures of a login that no mailbox has. */
export const loginKey = ({ local, domain }: CanonicalAddress): string => `login:${local}@${domain}`;

/** Counts those of a client. */
export const remoteKey = (network: string): string => `remote:${network}`;

/** What counts the failures of an account: one for all networks that it does not know, and one for each that it knows. `auth_facts` has it too. */
export function failureKey({ accountKey, network }: AuthQuestion, { credential, knownNetwork }: AuthFacts): string {
  if (!credential) return accountKey;
  return knownNetwork ? `mailbox:${credential.mailboxId} ${network}` : `mailbox:${credential.mailboxId}`;
}

/** What a login needs; the only way to a password hash. */
export abstract class AccountStore {
  /** Always the committed truth, in one round trip. Rejects when the database cannot answer. */
  abstract authFacts(question: AuthQuestion): Promise<AuthFacts>;
  /** The committed truth of many accounts, in order; undefined where the mailbox is gone. */
  abstract standings(accounts: readonly Account[]): Promise<(Standing | undefined)[]>;
  /** Adds one failure to each key; a key's window starts with its first failure and lasts `windowSeconds`. Gives how many the first key has now. */
  abstract recordFailure(keys: readonly [string, ...string[]], windowSeconds: number): Promise<number>;
  /** The account has logged in from there. */
  abstract networkSeen(account: Account, network: string): Promise<void>;
  abstract clearFailures(key: string): Promise<void>;
  /** Replaces a hash by a better one of the same password, only where it is still the one that was verified. */
  abstract upgradeHash(account: Account, oldHash: string, newHash: string): Promise<void>;
}
