import { randomFillSync } from 'node:crypto';
import { uuidV7 } from '#domain';

/** Octets of randomness in one id. */
const NEEDED = 10;
/** Drawn from the system at once: a call for each id costs more than the rest of making it. */
const pool = Buffer.alloc(NEEDED * 256);
let used = pool.length;

/** A fresh UUIDv7. The clock only orders ids; nothing depends on it. */
export function newId(): string {
  if (used + NEEDED > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += NEEDED;
  return uuidV7(Date.now(), pool.subarray(used - NEEDED, used));
}
