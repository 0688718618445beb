import { ApiStoreModule } from '#store';
import { Module } from '@nestjs/common';
import { ApiServer } from './api.server.ts';

@Module({ imports: [ApiStoreModule], providers: [ApiServer] })
export class ApiModule {}
