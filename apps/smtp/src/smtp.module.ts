import { IngressBellModule } from '#queue';
import { IngressStoreModule } from '#store';
import { Module } from '@nestjs/common';
import { IngressServer } from './ingress.server.ts';

/** Port 25: decides at RCPT and DATA, stores, rings the bell. */
@Module({ imports: [IngressStoreModule, IngressBellModule], providers: [IngressServer] })
export class SmtpModule {}
