/** Follows aliases to every place where mail for an address ends. Pure: looking addresses up is the caller's business. */
import { showAddress, type CanonicalAddress } from './address.ts';
import { MAX_EXPANSION_DEPTH } from './delivery.ts';
import type { DomainId, MailboxId } from './ids.ts';
import { resolve, type DirectoryFacts, type MailboxFacts, type Resolution } from './resolution.ts';

/** Addresses and mailboxes met in one walk at most: bounds what a web of large aliases can cost. */
export const MAX_EXPANSION = 20_000;
export const TOO_MANY_TARGETS = `aliases lead to more than ${MAX_EXPANSION.toLocaleString('en')} places`;
/** Addresses in one look-up: each may be an alias of MAX_ALIAS_TARGETS, and all their targets are in memory at once. */
const LOOKUP_SLICE = 20;

/** One place where mail ends. `recipient` is the address whose row led there, as that alias (or the client) wrote it. */
export type Leaf = { readonly recipient: string } & (
  | { readonly kind: 'mailbox'; readonly domainId: DomainId; readonly mailboxId: MailboxId }
  | { readonly kind: 'remote'; readonly domain: string }
  | { readonly kind: 'dead-end'; readonly why: string }
);

/** One line of `explain`: an address or a mailbox met on the way. */
export interface ExpansionNode {
  /** 0 for the address itself. */
  readonly depth: number;
  readonly address: string;
  /** The address whose row led here. */
  readonly via: string | undefined;
  /** Undefined for a mailbox that an alias names, and for what is not looked up any more. */
  readonly resolution: Resolution | undefined;
  readonly mailbox: MailboxFacts | undefined;
  /** `expanded`: its targets follow. `seen`: met before, so that its ends are among the leaves already. */
  readonly outcome: 'expanded' | 'seen' | Leaf['kind'];
  readonly why: string | undefined;
}

export interface Expansion {
  /** In the order they were met: by depth. */
  readonly nodes: readonly ExpansionNode[];
  /** Each mailbox and each foreign address once. Empty: the aliases lead only to each other. */
  readonly leaves: readonly Leaf[];
  /** The walk met more than MAX_EXPANSION addresses and mailboxes and went no further. */
  readonly tooMany: boolean;
}

export interface ExpansionWorld {
  /** Facts for each address, in order. A few at a time. */
  readonly lookup: (addresses: readonly CanonicalAddress[]) => Promise<readonly DirectoryFacts[]>;
  /** A stored forward-path as the directory compares it. */
  readonly parse: (forwardPath: string) => CanonicalAddress | undefined;
}

/**
 * Breadth first. Ends for every directory: no address is followed twice, none deeper than MAX_EXPANSION_DEPTH, and not more than
 * MAX_EXPANSION of them: then the walk stops, and its leaves are not all there are. Rejects only when `lookup` does.
 */
export async function expand(address: CanonicalAddress, world: ExpansionWorld): Promise<Expansion> {
  const walk = new Walk(world.parse);
  walk.meet(showAddress(address), address, undefined);
  while (walk.level.length > 0 && !walk.tooMany) {
    const level = walk.nextLevel();
    for (let first = 0; first < level.length && !walk.tooMany; first += LOOKUP_SLICE) {
      const slice = level.slice(first, first + LOOKUP_SLICE);
      const facts = await world.lookup(slice.map(({ canonical }) => canonical));
      for (const [at, step] of slice.entries()) walk.follow(step, facts[at] ?? { domain: undefined, rows: [] });
    }
    walk.depth++;
  }
  return walk;
}

interface Pending {
  readonly address: string;
  readonly canonical: CanonicalAddress;
  readonly via: string | undefined;
}

class Walk implements Expansion {
  readonly nodes: ExpansionNode[] = [];
  readonly leaves: Leaf[] = [];
  tooMany = false;
  /** Of the addresses in `level`. */
  depth = 0;
  level: Pending[] = [];
  readonly #parse: ExpansionWorld['parse'];
  readonly #seen = new Set<string>();

  constructor(parse: ExpansionWorld['parse']) {
    this.#parse = parse;
  }

  nextLevel(): Pending[] {
    const { level } = this;
    this.level = [];
    return level;
  }

  meet(address: string, canonical: CanonicalAddress, via: string | undefined): void {
    if (this.tooMany) return;
    const depth = via === undefined ? 0 : this.depth + 1;
    const key = showAddress(canonical);
    if (this.#seen.has(key)) this.#note({ address, via, outcome: 'seen' }, depth);
    else if (depth > MAX_EXPANSION_DEPTH)
      this.#deadEnd(address, via, `aliases nest deeper than ${MAX_EXPANSION_DEPTH}`, depth);
    else if (this.#isOver(address, via, depth)) return;
    else this.level.push({ address, canonical, via });
    this.#seen.add(key);
  }

  follow({ address, canonical, via }: Pending, facts: DirectoryFacts): void {
    if (this.tooMany) return;
    const resolution = resolve(canonical, facts);
    if (resolution.kind === 'not-hosted' && via !== undefined) {
      this.#note({ address, via, resolution, outcome: 'remote' });
      this.leaves.push({ recipient: address, kind: 'remote', domain: canonical.domain });
      return;
    }
    if (resolution.kind !== 'row' || resolution.row.targets.length === 0) {
      this.#deadEnd(address, via, whyNot(resolution), this.depth, resolution);
      return;
    }
    const { row, domain } = resolution;
    const [only] = row.targets;
    if (only && row.targets.length === 1 && 'mailbox' in only) {
      this.#end({ address, via, resolution, domainId: domain.id, mailbox: only.mailbox }, this.depth);
      return;
    }
    this.#note({ address, via, resolution, outcome: 'expanded' });
    for (const target of row.targets) {
      if ('mailbox' in target) {
        this.#end({ address, via: address, domainId: domain.id, mailbox: target.mailbox }, this.depth + 1);
        continue;
      }
      const next = this.#parse(target.forwardPath);
      if (next) this.meet(target.forwardPath, next, address);
      else if (!this.#isOver(target.forwardPath, address, this.depth + 1))
        this.#deadEnd(target.forwardPath, address, 'the target is no address', this.depth + 1);
    }
  }

  #isOver(address: string, via: string | undefined, depth: number): boolean {
    if (this.tooMany) return true;
    if (this.#seen.size < MAX_EXPANSION && this.leaves.length < MAX_EXPANSION) return false;
    this.tooMany = true;
    this.#deadEnd(address, via, TOO_MANY_TARGETS, depth);
    return true;
  }

  /** A mailbox: the first way to it makes the leaf. */
  #end({ domainId, mailbox, ...node }: Partial<ExpansionNode> & Ended, depth: number): void {
    const isSeen = this.#seen.has(mailbox.id);
    if (!isSeen && this.#isOver(node.address, node.via, depth)) return;
    if (mailbox.state === 'disabled') {
      this.#note({ ...node, mailbox, outcome: 'dead-end', why: DISABLED }, depth);
      this.leaves.push({ recipient: node.address, kind: 'dead-end', why: DISABLED });
      return;
    }
    this.#seen.add(mailbox.id);
    this.#note({ ...node, mailbox, outcome: isSeen ? 'seen' : 'mailbox' }, depth);
    if (!isSeen) this.leaves.push({ recipient: node.address, kind: 'mailbox', domainId, mailboxId: mailbox.id });
  }

  #deadEnd(address: string, via: string | undefined, why: string, depth: number, resolution?: Resolution): void {
    this.#note({ address, via, resolution, outcome: 'dead-end', why }, depth);
    this.leaves.push({ recipient: address, kind: 'dead-end', why });
  }

  #note(node: Noted, depth = this.depth): void {
    // Aliases that overlap meet the same places again and again.
    if (node.outcome === 'seen' && this.nodes.length >= MAX_EXPANSION) return;
    this.nodes.push({ depth, via: undefined, resolution: undefined, mailbox: undefined, why: undefined, ...node });
  }
}

type Noted = Pick<ExpansionNode, 'address' | 'outcome'> & Partial<ExpansionNode>;

interface Ended {
  readonly address: string;
  readonly domainId: DomainId;
  readonly mailbox: MailboxFacts;
}

const DISABLED = 'the mailbox is disabled';

function whyNot(resolution: Resolution): string {
  switch (resolution.kind) {
    case 'not-hosted':
      return 'the domain is not hosted here';
    case 'domain-disabled':
      return 'the domain or its tenant is disabled';
    case 'postmaster':
      return 'postmaster has no mailbox';
    case 'no-such-user':
    case 'row':
      return 'no such user';
  }
}
