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
 * Rows for mailbox_usage, folder and subscription. Each folder has a UIDVALIDITY of its own, so that no rename ever gives a
 * name a pair (UIDVALIDITY, UID) it had before; usage remembers the highest.
 * @param uidValidity of the first folder, a whole number: the clock in seconds, or above what an address of that name had before
 */
export function defaultFolders({ tenantId, mailboxId }: Account, uidValidity: number) {
  const owner = { tenant_id: tenantId, mailbox_id: mailboxId };
  const first = Math.floor(uidValidity);
  return {
    usage: { ...owner, uidvalidity: first + DEFAULT_FOLDERS.length - 1 },
    folders: DEFAULT_FOLDERS.map(({ name, specialUse }, at) => ({
      ...owner,
      id: newId() as FolderId,
      name,
      special_use: specialUse,
      uidvalidity: first + at,
    })),
    subscriptions: DEFAULT_FOLDERS.map(({ name }) => ({ ...owner, name })),
  };
}
