/** Lists by pages: a cursor is the key of the last item, so that pages neither repeat nor skip what stays. */
import {
  DEFAULT_PAGE,
  DirectoryRefusal,
  MAX_PAGE,
  parseId,
  showId,
  type IdPrefix,
  type Page,
  type PageRequest,
} from '#domain';

/** Sorts before every id. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

export function pageLimit({ limit = DEFAULT_PAGE }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit;
  throw new DirectoryRefusal('bad-input', 'limit', `the limit is out of range: a whole number from 1 to ${MAX_PAGE}`);
}

/** The id after which a page begins. */
export function afterId(prefix: IdPrefix, { after }: PageRequest): string {
  const id = after === undefined ? BEFORE_ALL : parseId(prefix, after);
  if (id !== undefined) return id;
  throw new DirectoryRefusal('bad-input', 'cursor', 'the cursor is not one of this list');
}

/** Cuts what was read with one item too many, by which the end shows. */
export function toPage<Item>(items: readonly Item[], limit: number, cursorOf: (last: Item) => string): Page<Item> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next: last !== undefined && items.length > limit ? cursorOf(last) : undefined };
}

export const idPage = <Item extends { readonly id: string }>(
  prefix: IdPrefix,
  items: readonly Item[],
  limit: number,
): Page<Item> => toPage(items, limit, ({ id }) => showId(prefix, id));
