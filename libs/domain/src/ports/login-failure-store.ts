/** Failed logins, and who is locked out by them: what the throttle counts, for the operator. */
import type { MailboxId, TenantId } from '../ids.ts';

/** Whose failures: an address or a mailbox id, or a network as the throttle counts it (an IPv4 address, an IPv6 /64). */
export type LoginSubject = { readonly login: string } | { readonly network: string };

export interface LoginFailure {
  /** A mailbox's name, or an address that somebody tried and no mailbox has; undefined: of a network, whatever the account. */
  readonly login: string | undefined;
  readonly mailboxId: MailboxId | undefined;
  readonly tenant: string | undefined;
  /** Undefined: all networks together that the account does not know. */
  readonly network: string | undefined;
  readonly failures: number;
  /** When the count is forgotten. */
  readonly until: Date;
}

export interface Unlocked {
  /** The mailbox's name, the address or the network. */
  readonly name: string;
  readonly mailboxId: MailboxId | undefined;
  /** Counts that were forgotten. */
  readonly forgotten: number;
}

/** Counts that one list has at most: the newest. */
export const MAX_LOGIN_FAILURES = 500;

/** Under the root tenant alone; others see nothing. Throws DirectoryRefusal `unavailable` when it cannot tell, `bad-input` for what is no address. */
export abstract class LoginFailureStore {
  /** Newest first; of one subject in the order of networks. */
  abstract list(principal: TenantId, of?: LoginSubject): Promise<LoginFailure[]>;
  /** Forgets the failures, in every process at once. Throws DirectoryRefusal `not-found` where there is neither mailbox nor failure. */
  abstract unlock(principal: TenantId, of: LoginSubject): Promise<Unlocked>;
}
