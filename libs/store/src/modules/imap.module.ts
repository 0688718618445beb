import { AccountBell, AccountStore, FolderStore } from '#domain';
import { Module } from '@nestjs/common';
import { PgAccountBell } from '../account/pg-account-bell.ts';
import { PgAccountStore } from '../account/pg-account.store.ts';
import { PgFolderStore } from '../folder/pg-folder.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What IMAP needs of the store, under its own role. */
@Module({
  providers: [
    databaseAs('posthouse_imap'),
    DatabaseCloser,
    { provide: AccountStore, useClass: PgAccountStore },
    { provide: AccountBell, useClass: PgAccountBell },
    { provide: FolderStore, useClass: PgFolderStore },
  ],
  exports: [AccountBell, AccountStore, FolderStore],
})
export class ImapStoreModule {}
