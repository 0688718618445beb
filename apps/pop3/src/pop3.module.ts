import { AuthModule } from '#auth';
import { Pop3BellModule } from '#queue';
import { Pop3StoreModule } from '#store';
import { Module } from '@nestjs/common';
import { Pop3Server } from './pop3.server.ts';

/** POP3: gives INBOX out as a maildrop and takes away what the client deleted. */
@Module({
  imports: [Pop3StoreModule, Pop3BellModule, AuthModule.over(Pop3StoreModule)],
  providers: [Pop3Server],
})
export class Pop3Module {}
