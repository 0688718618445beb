/** LIST and LSUB: RFC 3501 6.3.8, 6.3.9; attributes of RFC 3348, RFC 6154, RFC 5258. */
import { superiors, type FolderEntry, type FolderList, type FolderName } from '#domain';
import {
  encodeFolderName,
  encodeList,
  encodeLsub,
  listPattern,
  SEPARATOR,
  type Command,
  type ListCommand,
} from '#imap';
import type { Client } from '../client.ts';
import { ok, type Reply } from '../reply.ts';

const DONE = ok('listed');

export async function list(client: Client, command: Extract<Command, ListCommand>): Promise<Reply> {
  const { reference, patterns, extended, name } = command;
  const { out, store, account, parts } = client;
  // RFC 3501 6.3.8: asks for the separator and the root of the reference.
  if (!extended && patterns.length > 0 && patterns.every((pattern) => pattern === '')) {
    const encode = name === 'LIST' ? encodeList : encodeLsub;
    out.add(encode({ attributes: ['\\Noselect'], delimiter: SEPARATOR, name: '' }));
    return DONE;
  }
  const matchers = patterns.flatMap((pattern) => listPattern(reference, pattern) ?? []);
  const matches = (folder: string): boolean => matchers.some((match) => match(folder));
  const all = await store.list(account);
  for (const line of name === 'LSUB' ? lsub(all, matches) : listed(all, matches, command)) {
    if (line !== undefined) out.add(line);
    if (out.full) await out.flush();
    if (!out.open) break;
    const others = parts.turns.over();
    if (others) await others;
  }
  return DONE;
}

/** Undefined: a name was looked at that is not told. */
type Lines = Generator<string | undefined, void>;

function* listed(all: FolderList, matches: (name: string) => boolean, { select, give }: ListCommand): Lines {
  const { subscriptions } = all;
  const onlySubscribed = select.includes('SUBSCRIBED');
  const onlySpecial = select.includes('SPECIAL-USE');
  const subscribed = new Set(onlySubscribed || give.includes('SUBSCRIBED') ? subscriptions : []);
  const there = new Set(all.folders.map(({ name }) => name));
  for (const folder of onlySubscribed || onlySpecial ? all.folders : withSuperiors(all.folders, there)) {
    if (onlySubscribed && !subscribed.has(folder.name)) continue;
    if (onlySpecial && folder.specialUse === undefined) continue;
    yield matches(folder.name) ? entry(folder, subscribed.has(folder.name)) : undefined;
  }
  if (!onlySubscribed || onlySpecial) return;
  // RFC 5258 3.1: subscriptions outlive their folders.
  for (const name of subscribed) {
    if (there.has(name)) continue;
    const attributes = ['\\NonExistent', '\\Subscribed'];
    yield matches(name) ? encodeList({ attributes, delimiter: SEPARATOR, name: encodeFolderName(name) }) : undefined;
  }
}

interface Listed extends Pick<FolderEntry, 'name' | 'specialUse' | 'hasChildren'> {
  readonly noSelect?: true;
}

/** RFC 3501 6.3.4: names that are there for the folders below them alone. */
function* withSuperiors(folders: readonly FolderEntry[], there: ReadonlySet<FolderName>): Generator<Listed, void> {
  const told = new Set<FolderName>();
  for (const folder of folders) {
    for (const name of superiors(folder.name)) {
      if (there.has(name) || told.has(name)) continue;
      told.add(name);
      yield { name, specialUse: undefined, hasChildren: true, noSelect: true };
    }
    yield folder;
  }
}

function entry({ name, hasChildren, specialUse, noSelect }: Listed, subscribed: boolean): string {
  const attributes = noSelect ? ['\\Noselect'] : [];
  attributes.push(hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if (specialUse) attributes.push(specialUse);
  if (subscribed) attributes.push('\\Subscribed');
  return encodeList({ attributes, delimiter: SEPARATOR, name: encodeFolderName(name) });
}

const lsubLine = (name: FolderName, attributes: readonly string[]): string =>
  encodeLsub({ attributes, delimiter: SEPARATOR, name: encodeFolderName(name) });

/** RFC 3501 6.3.9: a superior that `%` stops at is named where something below it is subscribed. */
function* lsub({ subscriptions }: FolderList, matches: (name: string) => boolean): Lines {
  const subscribed = new Set(subscriptions);
  const asked = new Set<FolderName>();
  for (const name of subscriptions) {
    if (matches(name)) yield lsubLine(name, []);
    else {
      for (const superior of superiors(name)) {
        if (subscribed.has(superior) || asked.has(superior)) continue;
        asked.add(superior);
        yield matches(superior) ? lsubLine(superior, ['\\Noselect']) : undefined;
      }
    }
  }
}
