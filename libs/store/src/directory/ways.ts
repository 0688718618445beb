/** Aliases that would lead back to themselves, or nowhere, are refused when they are made. */
import { domainToASCII } from 'node:url';
import {
  DirectoryRefusal,
  leadsNowhere,
  parseAddress,
  resolve,
  showAddress,
  type CanonicalAddress,
  type DirectoryFacts,
  type ExpansionWorld,
} from '#domain';
import type { Act } from './act.ts';
import { actFacts } from './act-facts.ts';
import type { AliasKey } from './aliases.ts';
import type { FoundDomain } from './find.ts';

/** Addresses that are looked up for one change of an alias: what a larger web hides is found at RCPT. */
export const MAX_WAYS = 2_000;
/** Addresses in one look-up. */
const SLICE = 100;

/**
 * Throws `bad-input` where an address that the alias leads to leads back to it, or ends nowhere. It sees what the principal sees: an address of
 * somebody else's domain is taken as it is, and RCPT judges it. What is removed later makes no alias invalid; RCPT judges that too.
 */
export async function requireWays(act: Act, { id }: FoundDomain, key: AliasKey, shown: string): Promise<void> {
  const book = new AddressBook(act);
  const { rows } = await targetsOf(act, key);
  const first = rows.flatMap(({ forward_path: path }) => (path === null ? [] : (parse(path) ?? [])));
  for await (const { address, via, facts } of waysFrom(first, book)) {
    const resolution = resolve(address, facts);
    if (resolution.kind !== 'row' || resolution.domain.id !== id) continue;
    const { kind, local } = resolution.row;
    if (kind === key.kind && local === key.local)
      throw new DirectoryRefusal(
        'bad-input',
        'target',
        via.length === 0
          ? `${shown} would lead to itself by its target ${showAddress(address)}`
          : `${shown} would lead back to itself: by ${[...via, showAddress(address)].join(', then ')}`,
      );
  }
  for (const address of first) {
    if (book.isFull) return;
    const [facts] = await book.lookup([address]);
    const resolution = facts && resolve(address, facts);
    if (resolution?.kind !== 'row') continue;
    if (await leadsNowhere(address, resolution.row.targets, book))
      throw new DirectoryRefusal('bad-input', 'target', `target ${showAddress(address)} leads nowhere: mend it first`);
  }
}

const parse = (path: string): CanonicalAddress | undefined => parseAddress(path, domainToASCII);

const targetsOf = async (act: Act, key: AliasKey) => ({
  rows: await act
    .selectFrom('address_target')
    .select('forward_path')
    .where((eb) => eb.and({ ...key }))
    .orderBy('position')
    .execute(),
});

/** What was looked up is kept: the same addresses are asked for again and again. */
class AddressBook implements ExpansionWorld {
  readonly parse = parse;
  readonly #act: Act;
  readonly #known = new Map<string, DirectoryFacts>();

  constructor(act: Act) {
    this.#act = act;
  }

  get isFull(): boolean {
    return this.#known.size >= MAX_WAYS;
  }

  lookup = async (addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> => {
    const missing = addresses.filter((address) => !this.#known.has(showAddress(address)));
    const facts = missing.length === 0 ? [] : await actFacts(this.#act, missing);
    for (const [at, address] of missing.entries())
      this.#known.set(showAddress(address), facts[at] ?? { domain: undefined, rows: [] });
    return addresses.map((address) => this.#known.get(showAddress(address)) ?? { domain: undefined, rows: [] });
  };
}

interface Met {
  readonly address: CanonicalAddress;
  /** The addresses that led to it, the first target first. */
  readonly via: readonly string[];
  readonly facts: DirectoryFacts;
}

/** Every address that is met on the ways from these, each once, breadth first. */
async function* waysFrom(first: readonly CanonicalAddress[], book: AddressBook): AsyncGenerator<Met> {
  const seen = new Set<string>();
  let level = first.map((address) => ({ address, via: [] as readonly string[] }));
  while (level.length > 0) {
    const next: typeof level = [];
    for (let at = 0; at < level.length && !book.isFull; at += SLICE) {
      const slice = level.slice(at, at + SLICE).filter(({ address }) => !seen.has(showAddress(address)));
      for (const { address } of slice) seen.add(showAddress(address));
      const facts = await book.lookup(slice.map(({ address }) => address));
      for (const [index, { address, via }] of slice.entries()) {
        const known = facts[index];
        if (!known) continue;
        yield { address, via, facts: known };
        const resolution = resolve(address, known);
        if (resolution.kind !== 'row') continue;
        for (const target of resolution.row.targets) {
          const to = 'forwardPath' in target ? parse(target.forwardPath) : undefined;
          if (to) next.push({ address: to, via: [...via, showAddress(address)] });
        }
      }
    }
    level = next;
  }
}
