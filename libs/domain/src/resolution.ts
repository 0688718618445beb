/**
 * Where does mail for an address go? One pure function, shared by RCPT, delivery, `explain` and the API, so that all four
 * give the same answer. Order per domain: exact address > alias > longest `prefix-default` > subaddress (of an address or an alias) > catch-all >
 * reject.
 */
import type { CanonicalAddress } from './address.ts';
import type { DomainId, MailboxId, TenantId } from './ids.ts';

/** `no-login` still receives; `disabled` answers 550 5.2.1. */
export type MailboxState = 'active' | 'no-login' | 'disabled';
export type RowKind = 'address' | 'alias' | 'prefix' | 'catch-all';

export interface MailboxFacts {
  readonly id: MailboxId;
  readonly state: MailboxState;
  /** Undefined: no limit. */
  readonly quotaOctets: number | undefined;
  readonly quotaMessages: number | undefined;
  readonly usedOctets: number;
  readonly usedMessages: number;
}

export type Target = { readonly mailbox: MailboxFacts } | { readonly forwardPath: string };

/** A row of the address book. `local` is canonical; for `prefix` it is what stands before `-default`; '' for the catch-all. */
export interface AddressRow {
  readonly kind: RowKind;
  readonly local: string;
  readonly targets: readonly Target[];
}

/** The mailbox that a row leads to straight; undefined where mail for it is expanded at delivery. */
export function soleMailbox({ targets: [only, ...more] }: AddressRow): MailboxFacts | undefined {
  return only && 'mailbox' in only && more.length === 0 ? only.mailbox : undefined;
}

export interface DomainFacts {
  readonly tenantId: TenantId;
  readonly id: DomainId;
  readonly name: string;
  readonly state: 'active' | 'disabled';
  readonly tenantState: 'active' | 'suspended';
  /** Characters that part user and detail, such as '+' or '+-'. */
  readonly separators: string;
}

export interface DirectoryFacts {
  readonly domain: DomainFacts | undefined;
  readonly rows: readonly AddressRow[];
}

/** One line of `posthouse explain`. */
export interface Step {
  readonly tried: string;
  readonly won: boolean;
  readonly why: string;
}

export type Resolution = { readonly steps: readonly Step[] } & (
  | {
      readonly kind: 'row';
      readonly domain: DomainFacts;
      readonly row: AddressRow;
      readonly detail: string | undefined;
    }
  | { readonly kind: 'postmaster'; readonly domain: DomainFacts }
  | { readonly kind: 'no-such-user'; readonly domain: DomainFacts }
  | { readonly kind: 'domain-disabled'; readonly domain: DomainFacts }
  | { readonly kind: 'not-hosted' }
);

/** Every separator a domain may choose. */
export const SEPARATORS = '+-=';

/** Local parts whose rows can matter for this one: itself, each cut at a separator, and '' for the catch-all. */
export function candidateLocals(local: string): string[] {
  const found = new Set<string>([local, '']);
  for (let at = 1; at < local.length; at++) {
    if (SEPARATORS.includes(local.charAt(at))) found.add(local.slice(0, at));
  }
  return [...found];
}

/** Answers from facts alone. `facts.rows` must hold every row of the domain whose local part is in `candidateLocals`. */
export function resolve(address: CanonicalAddress, facts: DirectoryFacts): Resolution {
  const { domain } = facts;
  if (!domain) return { kind: 'not-hosted', steps: [miss(`domain ${address.domain}`, 'not hosted here')] };
  const steps: Step[] = [hit(`domain ${domain.name}`, 'hosted here')];
  if (domain.state === 'disabled' || domain.tenantState === 'suspended') {
    steps.push(miss('state', domain.state === 'disabled' ? 'the domain is disabled' : 'the tenant is suspended'));
    if (address.local !== 'postmaster') return { kind: 'domain-disabled', domain, steps };
  }
  const found = search(address.local, domain, facts.rows, steps);
  if (found) return { kind: 'row', domain, ...found, steps };
  // RFC 5321 4.5.1: mail for postmaster of a hosted domain is never refused.
  if (address.local === 'postmaster') {
    steps.push(hit('postmaster', 'no mailbox: accepted and held for the operator'));
    return { kind: 'postmaster', domain, steps };
  }
  return { kind: 'no-such-user', domain, steps };
}

type Found = { row: AddressRow; detail: string | undefined };

function search(local: string, domain: DomainFacts, rows: readonly AddressRow[], steps: Step[]): Found | undefined {
  const find = (kind: RowKind, name: string): AddressRow | undefined => {
    const row = rows.find((candidate) => candidate.kind === kind && candidate.local === name);
    steps.push(row ? hit(label(kind, name), describe(row)) : miss(label(kind, name), 'no such row'));
    return row;
  };
  const exact = find('address', local) ?? find('alias', local);
  if (exact) return { row: exact, detail: undefined };
  for (const at of cuts(local, '-')) {
    const row = find('prefix', local.slice(0, at));
    if (row) return { row, detail: local.slice(at + 1) };
  }
  for (const at of cuts(local, domain.separators)) {
    const user = local.slice(0, at);
    const row = find('address', user) ?? find('alias', user);
    if (row) return { row, detail: local.slice(at + 1) };
  }
  // A catch-all never swallows postmaster: that is the operator's address by RFC 5321 4.5.1 unless a row names it.
  const all = local === 'postmaster' ? undefined : find('catch-all', '');
  return all && { row: all, detail: local };
}

/** Positions of separators, longest prefix first. */
function cuts(local: string, separators: string): number[] {
  const found: number[] = [];
  for (let at = local.length - 1; at > 0; at--) if (separators.includes(local.charAt(at))) found.push(at);
  return found;
}

function label(kind: RowKind, name: string): string {
  if (kind === 'catch-all') return 'catch-all';
  return kind === 'prefix' ? `prefix ${name}-default` : `${kind} ${name}`;
}

const describe = (row: AddressRow): string =>
  `leads to ${row.targets.map((target) => ('mailbox' in target ? `mailbox ${target.mailbox.id}` : target.forwardPath)).join(', ') || 'nothing'}`;

const hit = (tried: string, why: string): Step => ({ tried, won: true, why });
const miss = (tried: string, why: string): Step => ({ tried, won: false, why });
