/** Prints one thing or pages of things, for people or as JSON. */
import { MAX_PAGE, visibleJson, type DirectoryScope, type DirectoryStore, type Page, type PageRequest } from '#domain';
import type { Argument, Command } from 'commander';
import { commonOptions, scopeOf, withHouse, type Context } from './context.ts';
import { facts, table, type Cell } from './table.ts';
import type { Terminal } from './terminal.ts';

/** One JSON object on one line; what is undefined is left out. */
export const printJson = (terminal: Terminal, value: unknown): void => terminal.out(visibleJson(value));

/** @param entries what people see of it: names and values */
export function printOne(
  { terminal }: Context,
  command: Command,
  json: object,
  entries: readonly (readonly [string, Cell])[],
): void {
  if (commonOptions(command).json) return printJson(terminal, json);
  for (const line of facts(entries)) terminal.out(line);
}

/** After `rm`: what was done, and for scripts the name with whatever else is to be known. */
export function printRemoved(
  { terminal }: Context,
  command: Command,
  removed: string,
  words = `removed ${removed}`,
  more: object = {},
): void {
  if (commonOptions(command).json) printJson(terminal, { removed, ...more });
  else terminal.out(words);
}

const DAY_MS = 86_400_000;

/** Until when a mailbox that is removed now can be restored. */
export const graceEnds = ({ config }: Context, removedAt = new Date()): Date =>
  new Date(removedAt.getTime() + config().retention.removedDays * DAY_MS);

export interface Showing<Item> {
  readonly description: string;
  /** What names it. */
  readonly argument: Argument;
  readonly read: (directory: DirectoryStore, scope: DirectoryScope, name: string) => Promise<Item>;
  readonly print: (context: Context, command: Command, item: Item) => void;
}

/** Adds `show` to a command. */
export function registerShow<Item>(parent: Command, context: Context, showing: Showing<Item>): void {
  const { description, argument, read, print } = showing;
  const show = parent.command('show').description(description).addArgument(argument);
  show.action((name: string, _, command: Command) =>
    withHouse(context, async ({ directory }) => print(context, command, await read(directory, scopeOf(command), name))),
  );
}

export interface Listing<Item> {
  readonly description: string;
  /** Takes `--domain`. */
  readonly byDomain?: boolean;
  readonly read: (directory: DirectoryStore, scope: DirectoryScope, page: PageRequest) => Promise<Page<Item>>;
  readonly toJson: (item: Item) => unknown;
  readonly head: readonly string[];
  readonly toRow: (item: Item) => readonly Cell[];
  /** Said when there is nothing. */
  readonly nothing: string;
}

/** Adds `list` to a command, or the like. */
export function registerList<Item>(parent: Command, context: Context, listing: Listing<Item>, name = 'list'): void {
  const list = parent.command(name).description(listing.description);
  if (listing.byDomain === true) list.option('--domain <name>', 'of this domain only');
  list.action(({ domain }: { domain?: string }, command: Command) =>
    withHouse(context, ({ directory }) => {
      const only = domain === undefined ? {} : { domain };
      const read = (page: PageRequest) => listing.read(directory, scopeOf(command), { ...page, ...only });
      return printPages(context.terminal, commonOptions(command).json, { ...listing, read });
    }),
  );
}

type Pages<Item> = Omit<Listing<Item>, 'read'> & { readonly read: (page: PageRequest) => Promise<Page<Item>> };

/** All pages, each printed as it comes, so that a long list neither waits nor fills the memory. */
async function printPages<Item>(
  terminal: Terminal,
  json: boolean,
  { read, toJson, head, toRow, nothing }: Pages<Item>,
): Promise<void> {
  let after: string | undefined;
  let isFirst = true;
  do {
    const page = await read({ limit: MAX_PAGE, ...(after !== undefined && { after }) });
    if (json) for (const item of page.items) printJson(terminal, toJson(item));
    else if (isFirst && page.items.length === 0) terminal.err(nothing);
    else {
      const lines = table(head, page.items.map(toRow));
      for (const line of isFirst ? lines : lines.slice(1)) terminal.out(line);
    }
    isFirst = false;
    after = page.next;
  } while (after !== undefined);
}
