import type { CanonicalAddress } from '../address.ts';
import type { DirectoryRefusal } from '../directory-refusal.ts';
import type { DomainId, MailboxId, TenantId } from '../ids.ts';
import type { DirectoryFacts, MailboxState, RowKind } from '../resolution.ts';

/** Who acts, and in whose part of the house. */
export interface DirectoryScope {
  /** Sees and changes its own subtree only; ROOT_TENANT for the operator. */
  readonly principal: TenantId;
  /** Name or id of the tenant whose domains, mailboxes and aliases are meant. */
  readonly tenant: string;
}

export interface TenantView {
  readonly id: TenantId;
  readonly name: string;
  readonly parent: string | undefined;
  readonly state: 'active' | 'suspended';
  readonly createdAt: Date;
}

export interface DomainView {
  readonly id: DomainId;
  readonly tenant: string;
  /** A-label. */
  readonly name: string;
  readonly state: 'active' | 'disabled';
  readonly separators: string;
  readonly mailboxes: number;
  readonly aliases: number;
  readonly createdAt: Date;
}

export interface MailboxView {
  readonly id: MailboxId;
  readonly tenant: string;
  /** Its first address, by which commands name it. */
  readonly name: string;
  /** All its addresses, sorted. */
  readonly addresses: readonly string[];
  readonly state: MailboxState;
  readonly hasPassword: boolean;
  /** Undefined: no limit. */
  readonly quotaOctets: number | undefined;
  readonly quotaMessages: number | undefined;
  readonly usedOctets: number;
  readonly usedMessages: number;
  readonly createdAt: Date;
}

/** What is kept of a mailbox that was removed, until the worker sweeps it. */
export interface RemovedMailboxView {
  readonly id: MailboxId;
  readonly tenant: string;
  readonly name: string;
  /** In all its folders. */
  readonly messages: number;
  readonly octets: number;
  readonly removedAt: Date;
  /** The sweep has begun: it cannot be restored any more. */
  readonly purging: boolean;
}

export interface AliasView {
  readonly tenant: string;
  /** `sales@d`, `foo-default@d` or `*@d`. */
  readonly name: string;
  readonly kind: Exclude<RowKind, 'address'>;
  /** Mailboxes by their name, others as typed. */
  readonly targets: readonly string[];
  readonly createdAt: Date;
}

export interface PageRequest {
  /** Items in a page at most; MAX_PAGE is the most there is. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
  /** Mailboxes and aliases of this domain only. */
  readonly domain?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Undefined: this was the last page. */
  readonly next: string | undefined;
}

export const DEFAULT_PAGE = 100;
/** Items one page may have: bounds the memory of an answer. */
export const MAX_PAGE = 500;
/** Mailboxes one call may make: bounds a transaction. */
export const MAX_MAILBOX_BATCH = 200;

export interface NewMailbox {
  readonly address: string;
  /** argon2id; undefined: nobody can log in until one is set. */
  readonly passwordHash: string | undefined;
  /** Undefined: no limit. */
  readonly quotaOctets: number | undefined;
  readonly quotaMessages: number | undefined;
}

/** What is absent stays as it is. */
export interface MailboxChange {
  readonly state?: MailboxState;
  readonly quotaOctets?: number | 'none';
  readonly quotaMessages?: number | 'none';
  /** `none`: nobody can log in any more. */
  readonly passwordHash?: string;
  readonly addAddresses?: readonly string[];
  readonly removeAddresses?: readonly string[];
}

/**
 * The directory, changed. Every call is one transaction, but where it says otherwise, under row-level security of `scope.principal` and throws DirectoryRefusal:
 * `bad-input`, `not-found` (another tenant's things too), `conflict`, `unavailable` (nobody can tell). Names may be ids as shown.
 */
export abstract class DirectoryStore {
  abstract addTenant(scope: DirectoryScope, name: string): Promise<TenantView>;
  abstract listTenants(scope: DirectoryScope, page: PageRequest): Promise<Page<TenantView>>;
  abstract showTenant(scope: DirectoryScope, name: string): Promise<TenantView>;
  abstract setTenant(scope: DirectoryScope, name: string, state: TenantView['state']): Promise<TenantView>;
  /** Only a tenant without domains and without tenants below it; its timelines, what is left of its mail and its removed mailboxes go with it, by and by. */
  abstract removeTenant(scope: DirectoryScope, name: string): Promise<void>;

  /** @param separators undefined: '+' */
  abstract addDomain(scope: DirectoryScope, name: string, separators: string | undefined): Promise<DomainView>;
  abstract listDomains(scope: DirectoryScope, page: PageRequest): Promise<Page<DomainView>>;
  abstract showDomain(scope: DirectoryScope, name: string): Promise<DomainView>;
  abstract setDomain(
    scope: DirectoryScope,
    name: string,
    change: { readonly state?: DomainView['state']; readonly separators?: string },
  ): Promise<DomainView>;
  /**
   * Its name is free when the first of several short transactions has ended, and nobody lives in it any more when it resolves; what ends
   * between goes on in the worker. Its mailboxes may be restored like others, when the domain is there again.
   * @param cascade with its mailboxes and aliases, and all mail in them; else only an empty domain goes
   */
  abstract removeDomain(scope: DirectoryScope, name: string, cascade: boolean): Promise<void>;

  /** With default folders, usage counters and address. */
  abstract addMailbox(scope: DirectoryScope, mailbox: NewMailbox): Promise<MailboxView>;
  /**
   * At most MAX_MAILBOX_BATCH in one transaction: the good ones are made, the others refused, in order of the input.
   * @param dryRun everything is checked and nothing is made
   */
  abstract addMailboxes(
    scope: DirectoryScope,
    mailboxes: readonly NewMailbox[],
    dryRun: boolean,
  ): Promise<readonly (DirectoryRefusal | undefined)[]>;
  abstract listMailboxes(scope: DirectoryScope, page: PageRequest): Promise<Page<MailboxView>>;
  /** The first address of each that is there, whoever's it is. */
  abstract mailboxNames(principal: TenantId, ids: readonly MailboxId[]): Promise<ReadonlyMap<MailboxId, string>>;
  /** By any of its addresses. */
  abstract showMailbox(scope: DirectoryScope, address: string): Promise<MailboxView>;
  abstract setMailbox(scope: DirectoryScope, address: string, change: MailboxChange): Promise<MailboxView>;
  /**
   * With its folders and their messages, and its place in aliases; an alias that led only here goes too. Its addresses are free at once; what
   * was in it stays for its days of grace, and the worker sweeps it then. By its main address or its id: a further address is a `conflict`.
   */
  abstract removeMailbox(scope: DirectoryScope, address: string): Promise<void>;
  /** With everything that it had: folders, UIDs, flags, password, addresses and places in aliases that nobody has taken since. By its name or id. */
  abstract restoreMailbox(scope: DirectoryScope, address: string): Promise<MailboxView>;
  abstract listRemoved(scope: DirectoryScope, page: PageRequest): Promise<Page<RemovedMailboxView>>;

  abstract addAlias(scope: DirectoryScope, name: string, targets: readonly string[]): Promise<AliasView>;
  abstract listAliases(scope: DirectoryScope, page: PageRequest): Promise<Page<AliasView>>;
  abstract showAlias(scope: DirectoryScope, name: string): Promise<AliasView>;
  /** Replaces all targets. */
  abstract setAlias(scope: DirectoryScope, name: string, targets: readonly string[]): Promise<AliasView>;
  abstract removeAlias(scope: DirectoryScope, name: string): Promise<void>;

  /** What the directory says about each address, in order, as far as the principal sees: the facts RCPT is answered from. */
  abstract directoryFacts(principal: TenantId, addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]>;
}
