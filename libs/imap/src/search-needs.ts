import type { SearchKey } from './search-key.ts';

/**
 * The dearest facts a search looks at: `none` but the numbers, `meta` (flags, dates, size), `headers`, or `bodies`. Each includes those
 * before it.
 */
export type SearchNeeds = 'none' | 'meta' | 'headers' | 'bodies';

const COST: Readonly<Record<SearchNeeds, number>> = { none: 0, meta: 1, headers: 2, bodies: 3 };

/** What must be loaded so that the search can be decided for every message. RFC 3501 6.4.4 */
export function searchNeeds(key: SearchKey): SearchNeeds {
  switch (key.key) {
    case 'all':
    case 'sequence':
    case 'uid':
      return 'none';
    case 'and':
    case 'or':
      return dearest(key.keys);
    case 'not':
      return searchNeeds(key.of);
    case 'header':
    case 'address':
    case 'sentbefore':
    case 'senton':
    case 'sentsince':
      return 'headers';
    case 'body':
    case 'text':
      return 'bodies';
    default:
      return 'meta';
  }
}

function dearest(keys: readonly SearchKey[]): SearchNeeds {
  let most: SearchNeeds = 'none';
  for (const key of keys) {
    const needs = searchNeeds(key);
    if (COST[needs] > COST[most]) most = needs;
  }
  return most;
}

/** The cheap ones first, so that they decide before anything dear is looked at; else in the order given. */
export function cheapestFirst(keys: readonly SearchKey[]): SearchKey[] {
  return keys
    .map((key) => ({ key, cost: COST[searchNeeds(key)] }))
    .sort((a, b) => a.cost - b.cost)
    .map(({ key }) => key);
}
