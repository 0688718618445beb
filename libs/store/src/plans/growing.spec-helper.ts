/** Plan drives that touch more where there is more. Exact: who mends one takes it off. */
export interface Growth {
  /** `mend`: it should not. `nature`: it answers with everything, or counts it; then it may touch each row a few times, and no more. */
  readonly kind: 'mend' | 'nature';
  readonly reason: string;
}

const mend = (reason: string, ...drives: string[]): [string, Growth][] =>
  drives.map((drive) => [drive, { kind: 'mend', reason }]);
const nature = (reason: string, ...drives: string[]): [string, Growth][] =>
  drives.map((drive) => [drive, { kind: 'nature', reason }]);

const OTHER_INDEX =
  'several indexes begin with tenant_id, and a plan may take the wrong one: all of the tenant, mailbox or domain is read';
const NO_BOUND = 'the whole folder or table is read for the few rows that are meant';

export const GROWING: ReadonlyMap<string, Growth> = new Map([
  ...nature('the answer names every folder of the mailbox', 'LIST'),
  ...nature('the answer holds every UID of the folder', 'the snapshot of a session'),
  ...nature('the answer holds the UID and size of every message', 'POP3: login to a huge maildrop'),
  ...nature('\\Recent is counted, in pages where there are many', 'STATUS: much of the folder is \\Recent'),
  ...nature(
    'CREATE counts the folders of its mailbox, of which there are MAX_FOLDERS at most',
    'CREATE, RENAME, DELETE beside thousands of folders',
  ),
  ...mend(NO_BOUND, 'ledger', 'statistics', 'domain: show a huge one'),
  ...mend(
    OTHER_INDEX,
    'trace: by a mailbox',
    'trace: by a mailbox with a huge INBOX',
    'tenant: a page of the list',
    'mailbox: add, show, change, remove',
    'mailbox: removed, listed, restored, and removed for good',
    'mailbox: an import, tried and made',
  ),
]);
