import { DirectoryStore, TraceStore } from '#domain';
import { Module } from '@nestjs/common';
import { Database } from '../database.ts';
import { PgDirectoryStore } from '../directory/pg-directory.store.ts';
import { PgTraceStore } from '../trace/pg-trace.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What operators see and change, under the api role: bound by row-level security to a principal. */
@Module({
  providers: [
    databaseAs('posthouse_api'),
    DatabaseCloser,
    // Their pages are for tests: Nest must not try to inject them.
    { provide: DirectoryStore, inject: [Database], useFactory: (database: Database) => new PgDirectoryStore(database) },
    { provide: TraceStore, inject: [Database], useFactory: (database: Database) => new PgTraceStore(database) },
  ],
  exports: [DirectoryStore, TraceStore],
})
export class ApiStoreModule {}
