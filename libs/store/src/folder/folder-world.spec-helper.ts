/** A folder store on a fresh database, and the words its specs share. */
import {
  INBOX,
  MAX_UID,
  parseFolderName,
  type Account,
  type AppendMessage,
  type Appended,
  type FolderName,
  type FolderState,
} from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import { expect } from 'vitest';
import { counters, digestOf } from './mailboxes.spec-helper.ts';
import { PgFolderStore } from './pg-folder.store.ts';

export interface FolderWorld {
  readonly db: FreshDatabase;
  readonly store: PgFolderStore;
  /** A store on connections of its own: another imap process. */
  readonly other: PgFolderStore;
  state(account: Account, name?: string): Promise<FolderState>;
  /** What is counted of the mailbox equals what is kept of it. */
  exact(account: Account): Promise<void>;
}

export async function folderWorld(): Promise<FolderWorld> {
  const db = await freshDatabase();
  const store = new PgFolderStore(db.as('posthouse_imap'));
  return {
    db,
    store,
    other: new PgFolderStore(db.as('posthouse_imap')),
    state: async (account, name = INBOX) =>
      (await store.status(account, named(name))) ?? expect.fail(`no folder ${name}`),
    exact: async (account) => {
      const { kept, counted } = await counters(db.owner, account);
      expect(kept).toEqual(counted);
    },
  };
}

export const named = (text: string): FolderName => parseFolderName(text) ?? expect.fail(`no folder name: ${text}`);
export const range = (first: number, last = first) => [{ first, last }];

export const BODY = Buffer.from('Subject: appended\r\n\r\ntext\r\n');
export const message = (more: Partial<AppendMessage> = {}): AppendMessage => ({
  digest: digestOf(BODY),
  body: [BODY.subarray(0, 10), BODY.subarray(10)],
  flags: 0,
  keywords: [],
  internalDate: undefined,
  lacksFinalCrlf: false,
  remoteAddress: '192.0.2.1',
  ...more,
});
export const NOTHING_KNOWN = { modseq: 0, uid: MAX_UID, uidNext: 1 };
/** More than any test here changes. */
export const MOST = 1_000;
export const uidOf = (appended: Appended): number =>
  appended.kind === 'appended' ? appended.uid : expect.fail(appended.kind);
