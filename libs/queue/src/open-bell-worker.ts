import type { openBellWorker as open } from './bell-backend.ts';

/** `openBellWorker` of the backend: BullMQ is hundreds of modules, and what starts before the worker does not wait for them. */
export const openBellWorker: typeof open = async (...given) =>
  (await import('./bell-backend.ts')).openBellWorker(...given);
