export type { BellWorker, RingData } from './bell-backend.ts';
export { BullDoorbell } from './bull-doorbell.ts';
export { migrateBells } from './migrate-bells.ts';
export { openBellWorker } from './open-bell-worker.ts';
export { PgMailboxBell } from './pg-mailbox-bell.ts';
export { redisFault } from './redis-fault.ts';
export { ImapBellModule, IngressBellModule, Pop3BellModule, WorkerBellModule } from './bell.modules.ts';
