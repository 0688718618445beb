import { IntakeStore } from '#domain';
import { Module } from '@nestjs/common';
import { PgIntakeStore } from '../intake/pg-intake.store.ts';
import { databaseAs, DatabaseCloser } from './database-provider.ts';

/** What port 25 needs of the store, under the ingress role. */
@Module({
  providers: [databaseAs('posthouse_ingress'), DatabaseCloser, { provide: IntakeStore, useClass: PgIntakeStore }],
  exports: [IntakeStore],
})
export class IngressStoreModule {}
