/** CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE: RFC 3501 6.3.3 to 6.3.7. */
import { parseFolderName, type Created, type Deleted, type Renamed, type Subscribed } from '#domain';
import { encodeUntagged, type Command } from '#imap';
import type { Client } from '../client.ts';
import { IMPOSSIBLE_NAME, no, NO_SUCH_FOLDER, NO_SUCH_MAILBOX, ok, TOO_MANY_FOLDERS, type Reply } from '../reply.ts';

type OnFolder<Name extends string> = Extract<Command, { folder: string }> & { readonly name: Name };

const EXISTS = no('ALREADYEXISTS', 'there is such a folder');

const CREATED: Readonly<Record<Created, Reply>> = {
  created: ok('created'),
  exists: EXISTS,
  'too-many-folders': TOO_MANY_FOLDERS,
  'no-such-mailbox': NO_SUCH_MAILBOX,
};

const DELETED: Readonly<Record<Deleted, Reply>> = {
  deleted: ok('deleted'),
  'no-such-folder': NO_SUCH_FOLDER,
  inbox: no('CANNOT', 'INBOX stays'),
  // RFC 3501 6.3.4: a \Noselect name with inferiors is not deleted again.
  'not-selectable': no('CANNOT', 'only folders below it are left: delete those'),
};

const RENAMED: Readonly<Record<Renamed, Reply>> = {
  renamed: ok('renamed'),
  'no-such-folder': NO_SUCH_FOLDER,
  exists: EXISTS,
  'inside-itself': no('CANNOT', 'a folder cannot move below itself'),
  'bad-name': IMPOSSIBLE_NAME,
  'too-many-folders': TOO_MANY_FOLDERS,
  'no-such-mailbox': NO_SUCH_MAILBOX,
};

const SUBSCRIBED: Readonly<Record<Subscribed, Reply>> = {
  subscribed: ok('subscribed'),
  'too-many-subscriptions': no('LIMIT', 'too many subscriptions'),
  'no-such-mailbox': NO_SUCH_MAILBOX,
};

export async function create({ store, account }: Client, { folder }: OnFolder<'CREATE'>): Promise<Reply> {
  const name = parseFolderName(folder);
  return name ? CREATED[await store.create(account, name)] : IMPOSSIBLE_NAME;
}

export async function remove(client: Client, { folder }: OnFolder<'DELETE'>): Promise<Reply> {
  const { store, account } = client;
  const name = parseFolderName(folder);
  if (!name) return NO_SUCH_FOLDER;
  const open = client.folder;
  const own = open && (await store.status(account, name))?.folderId === open.ref.folderId;
  const deleted = await store.delete(account, name);
  if (deleted !== 'deleted') return DELETED[deleted];
  client.ring();
  if (own) {
    client.unselect();
    client.out.add(encodeUntagged('OK', 'the selected folder is gone', { code: 'CLOSED' }));
  }
  return DELETED.deleted;
}

export async function rename(client: Client, { from, to }: Extract<Command, { name: 'RENAME' }>): Promise<Reply> {
  const oldName = parseFolderName(from);
  const newName = parseFolderName(to);
  if (!oldName) return NO_SUCH_FOLDER;
  if (!newName) return IMPOSSIBLE_NAME;
  const renamed = await client.store.rename(client.account, oldName, newName);
  // RFC 3501 6.3.5: INBOX is emptied by it.
  if (renamed === 'renamed') client.ring();
  if (client.folder) client.folder.stale = true;
  return RENAMED[renamed];
}

export async function subscribe({ store, account }: Client, { folder }: OnFolder<'SUBSCRIBE'>): Promise<Reply> {
  const name = parseFolderName(folder);
  if (!name) return IMPOSSIBLE_NAME;
  return SUBSCRIBED[await store.subscribe(account, name)];
}

export async function unsubscribe({ store, account }: Client, { folder }: OnFolder<'UNSUBSCRIBE'>): Promise<Reply> {
  const name = parseFolderName(folder);
  if (name) await store.unsubscribe(account, name);
  return ok('unsubscribed');
}
