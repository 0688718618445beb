import { AuthModule } from '#auth';
import { ImapBellModule } from '#queue';
import { ImapStoreModule } from '#store';
import { Module } from '@nestjs/common';
import { ImapServer } from './imap.server.ts';

/** IMAP4rev1: folders and the messages in them, and news of both as they happen. */
@Module({
  imports: [ImapStoreModule, ImapBellModule, AuthModule.over(ImapStoreModule)],
  providers: [ImapServer],
})
export class ImapModule {}
