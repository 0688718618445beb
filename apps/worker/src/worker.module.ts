import { WorkerBellModule } from '#queue';
import { WorkerStoreModule } from '#store';
import { Module } from '@nestjs/common';
import { WorkerServer } from './worker.server.ts';

/** Delivery: drains lanes when their bell rings, sweeps when none does. */
@Module({ imports: [WorkerStoreModule, WorkerBellModule], providers: [WorkerServer] })
export class WorkerModule {}
