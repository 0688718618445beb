/** What a new mailbox has. Whoever makes a mailbox inserts these rows in the same transaction. */
import { INBOX, type Account, type FolderId, type SpecialUse } from '#domain';
import { newId } from '../new-id.ts';

const DEFAULT_FOLDERS: readonly { readonly name: string; readonly specialUse: SpecialUse | null }[] = [
  { name: INBOX, specialUse: null },
  { name: 'Drafts', specialUse: '\\Drafts' },
  { name: 'Sent', specialUse: '\\Sent' },
  { name: 'Trash', specialUse: '\\Trash' },
  { name: 'Junk', specialUse: '\\Junk' },
  { name: 'Archive', specialUse: '\\Archive' },
];

/**
 * Rows for mailbox_usage, folder and subscription. Each folder gets a UIDVALIDITY that no other ever has, by the column's default.
 */
export function defaultFolders({ tenantId, mailboxId }: Account) {
  const owner = { tenant_id: tenantId, mailbox_id: mailboxId };
  return {
    usage: owner,
    folders: DEFAULT_FOLDERS.map(({ name, specialUse }) => ({
      ...owner,
      id: newId() as FolderId,
      name,
      special_use: specialUse,
    })),
    subscriptions: DEFAULT_FOLDERS.map(({ name }) => ({ ...owner, name })),
  };
}
