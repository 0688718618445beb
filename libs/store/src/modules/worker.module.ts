import { QueueStore } from '#domain';
import { Module } from '@nestjs/common';
import { PgQueueStore } from '../queue/pg-queue.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What delivery needs of the store, under the worker role. */
@Module({
  providers: [databaseAs('posthouse_worker'), DatabaseCloser, { provide: QueueStore, useClass: PgQueueStore }],
  exports: [QueueStore],
})
export class WorkerStoreModule {}
