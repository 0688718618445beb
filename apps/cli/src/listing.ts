/** Prints one thing or pages of things, for people or as JSON. */
import type { Page, PageRequest } from '#domain';
import { table, type Cell } from './table.ts';
import type { Terminal } from './terminal.ts';

/** One JSON object on one line; what is undefined is left out. */
export const printJson = (terminal: Terminal, value: unknown): void => terminal.out(JSON.stringify(value));

export interface Listing<Item> {
  readonly read: (page: PageRequest) => Promise<Page<Item>>;
  readonly toJson: (item: Item) => unknown;
  readonly head: readonly string[];
  readonly toRow: (item: Item) => readonly Cell[];
  /** Said when there is nothing. */
  readonly nothing: string;
}

/** All pages, each printed as it comes, so that a long list neither waits nor fills the memory. */
export async function printList<Item>(
  terminal: Terminal,
  { json, domain }: { json: boolean; domain?: string },
  listing: Listing<Item>,
): Promise<void> {
  let after: string | undefined;
  let isFirst = true;
  do {
    const page = await listing.read({
      limit: 500,
      ...(after !== undefined && { after }),
      ...(domain !== undefined && { domain }),
    });
    if (json) for (const item of page.items) printJson(terminal, listing.toJson(item));
    else if (isFirst && page.items.length === 0) terminal.err(listing.nothing);
    else {
      const lines = table(listing.head, page.items.map(listing.toRow));
      for (const line of isFirst ? lines : lines.slice(1)) terminal.out(line);
    }
    isFirst = false;
    after = page.next;
  } while (after !== undefined);
}
