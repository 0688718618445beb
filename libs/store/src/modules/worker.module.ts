import { QueueStores, RetentionStore } from '#domain';
import { Module } from '@nestjs/common';
import { Database } from '../database.ts';
import { PgQueueStores } from '../queue/pg-queue.store.ts';
import { PgRetentionStore } from '../retention/pg-retention.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What delivery needs of the store, under the worker role. */
@Module({
  providers: [
    databaseAs('posthouse_worker'),
    DatabaseCloser,
    { provide: QueueStores, useClass: PgQueueStores },
    // Its steps are for tests: Nest must not try to inject them.
    { provide: RetentionStore, inject: [Database], useFactory: (database: Database) => new PgRetentionStore(database) },
  ],
  exports: [QueueStores, RetentionStore],
})
export class WorkerStoreModule {}
