/** Plan drives that touch more where there is more. Exact: who mends one takes it off. */
export interface Growth {
  /**
   * `nature`: it answers with everything, or counts it; then it may touch each row a few times, and no more. `pages`: the same in pages, of which
   * none may grow: the bound is that of each statement.
   */
  readonly kind: 'nature' | 'pages';
  readonly reason: string;
}

const pages = (reason: string, ...drives: string[]): [string, Growth][] =>
  drives.map((drive) => [drive, { kind: 'pages', reason }]);
const nature = (reason: string, ...drives: string[]): [string, Growth][] =>
  drives.map((drive) => [drive, { kind: 'nature', reason }]);

export const GROWING: ReadonlyMap<string, Growth> = new Map([
  ...nature('the answer names every folder of the mailbox', 'LIST'),
  ...nature('the answer holds every UID of the folder', 'the snapshot of a session'),
  ...nature('the answer holds the UID and size of every message', 'POP3: login to a huge maildrop'),
  ...nature('\\Recent is counted, in pages where there are many', 'STATUS: much of the folder is \\Recent'),
  ...nature(
    'CREATE counts the folders of its mailbox, of which there are MAX_FOLDERS at most',
    'CREATE, RENAME, DELETE beside thousands of folders',
  ),
  ...nature(
    'the newest messages of each folder of the mailbox, of which there are MAX_FOLDERS at most',
    'trace: by a mailbox with a huge INBOX',
  ),
  ...pages('every message is held against its deliveries', 'ledger'),
  ...pages('what waits is counted, by lane', 'statistics'),
  ...pages('every target of an alias is held against the domains', 'targets of aliases elsewhere'),
  ...pages('mailboxes and aliases of the domain are counted', 'domain: show a huge one'),
]);
