import { AccountBell, AccountStore, MaildropStore } from '#domain';
import { Module } from '@nestjs/common';
import { PgAccountBell } from '../account/pg-account-bell.ts';
import { PgAccountStore } from '../account/pg-account.store.ts';
import { PgMaildropStore } from '../maildrop/pg-maildrop.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What POP3 needs of the store, under its own role. */
@Module({
  providers: [
    databaseAs('posthouse_pop3'),
    DatabaseCloser,
    { provide: AccountStore, useClass: PgAccountStore },
    { provide: AccountBell, useClass: PgAccountBell },
    { provide: MaildropStore, useClass: PgMaildropStore },
  ],
  exports: [AccountBell, AccountStore, MaildropStore],
})
export class Pop3StoreModule {}
