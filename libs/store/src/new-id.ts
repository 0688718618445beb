import { randomBytes } from 'node:crypto';
import { uuidV7 } from '#domain';

/** A fresh UUIDv7. The clock only orders ids; nothing depends on it. */
export const newId = (): string => uuidV7(Date.now(), randomBytes(10));
