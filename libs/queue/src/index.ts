export { openBellQueue, openBellWorker, type BellQueue, type BellWorker, type RingData } from './bell-backend.ts';
export { BullDoorbell } from './bull-doorbell.ts';
export { migrateBells } from './migrate-bells.ts';
export { PgMailboxBell } from './pg-mailbox-bell.ts';
export { redisFault } from './redis-fault.ts';
export { RedisMailboxBell } from './redis-mailbox-bell.ts';
export { ImapBellModule, IngressBellModule, Pop3BellModule, WorkerBellModule } from './bell.modules.ts';
