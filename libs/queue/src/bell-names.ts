import type { LaneKind } from '#domain';

/** BullMQ's queue of doorbells of one kind of lane; a job is a lane to look at, never a message. */
export const bellQueueOf = (kind: LaneKind): string => `lanes-${kind}`;
/** BullMQ's schema in Postgres; made by `migrateBells` as the owner. */
export const BELL_SCHEMA = 'bullmq';
