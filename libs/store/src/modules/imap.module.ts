import { AccountStore, FolderStore } from '#domain';
import { Module } from '@nestjs/common';
import { PgAccountStore } from '../account/pg-account.store.ts';
import { PgFolderStore } from '../folder/pg-folder.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What IMAP needs of the store, under its own role. */
@Module({
  providers: [
    databaseAs('posthouse_imap'),
    DatabaseCloser,
    { provide: AccountStore, useClass: PgAccountStore },
    { provide: FolderStore, useClass: PgFolderStore },
  ],
  exports: [AccountStore, FolderStore],
})
export class ImapStoreModule {}
