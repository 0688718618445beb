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
  const { out, store, account } = client;
  // RFC 3501 6.3.8: asks for the separator and the root of the reference.
  if (!extended && patterns.every((pattern) => pattern === '')) {
    const encode = name === 'LIST' ? encodeList : encodeLsub;
    out.add(encode({ attributes: ['\\Noselect'], delimiter: SEPARATOR, name: '' }));
    return DONE;
  }
  const matchers = patterns.flatMap((pattern) => listPattern(reference, pattern) ?? []);
  const matches = (folder: string): boolean => matchers.some((match) => match(folder));
  const all = await store.list(account);
  if (name === 'LSUB') for (const line of lsub(all, matches)) out.add(line);
  else for (const line of listed(all, matches, command)) out.add(line);
  return DONE;
}

function* listed(
  { folders, subscriptions }: FolderList,
  matches: (name: string) => boolean,
  { select, give }: ListCommand,
) {
  const onlySubscribed = select.includes('SUBSCRIBED');
  const onlySpecial = select.includes('SPECIAL-USE');
  const subscribed = new Set(onlySubscribed || give.includes('SUBSCRIBED') ? subscriptions : []);
  for (const folder of folders) {
    if (onlySubscribed && !subscribed.has(folder.name)) continue;
    if (onlySpecial && folder.specialUse === undefined) continue;
    if (!matches(folder.name)) continue;
    const attributes = attributesOf(folder);
    if (subscribed.has(folder.name)) attributes.push('\\Subscribed');
    yield encodeList({ attributes, delimiter: SEPARATOR, name: encodeFolderName(folder.name) });
    subscribed.delete(folder.name);
  }
  if (!onlySubscribed || onlySpecial) return;
  // RFC 5258 3.1: subscriptions outlive their folders.
  const there = new Set(folders.map(({ name }) => name));
  for (const name of subscribed) {
    if (there.has(name) || !matches(name)) continue;
    const attributes = ['\\NonExistent', '\\Subscribed'];
    yield encodeList({ attributes, delimiter: SEPARATOR, name: encodeFolderName(name) });
  }
}

const attributesOf = ({ hasChildren, specialUse }: FolderEntry): string[] => [
  hasChildren ? '\\HasChildren' : '\\HasNoChildren',
  ...(specialUse ? [specialUse] : []),
];

/** RFC 3501 6.3.9: a superior that `%` stops at is named where something below it is subscribed. */
function* lsub({ subscriptions }: FolderList, matches: (name: string) => boolean): Generator<string> {
  const subscribed = new Set(subscriptions);
  const told = new Set<FolderName>();
  for (const name of subscriptions) {
    if (matches(name)) yield encodeLsub({ attributes: [], delimiter: SEPARATOR, name: encodeFolderName(name) });
    else {
      for (const superior of superiors(name)) {
        if (subscribed.has(superior) || told.has(superior) || !matches(superior)) continue;
        told.add(superior);
        yield encodeLsub({ attributes: ['\\Noselect'], delimiter: SEPARATOR, name: encodeFolderName(superior) });
      }
    }
  }
}
