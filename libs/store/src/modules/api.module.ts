import { DirectoryStore, TraceStore } from '#domain';
import { Module } from '@nestjs/common';
import { PgDirectoryStore } from '../directory/pg-directory.store.ts';
import { PgTraceStore } from '../trace/pg-trace.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What operators see and change, under the api role: bound by row-level security to a principal. */
@Module({
  providers: [
    databaseAs('posthouse_api'),
    DatabaseCloser,
    { provide: DirectoryStore, useClass: PgDirectoryStore },
    { provide: TraceStore, useClass: PgTraceStore },
  ],
  exports: [DirectoryStore, TraceStore],
})
export class ApiStoreModule {}
