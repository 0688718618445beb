import type { Pool } from 'pg';

/**
 * The loss of a connection must not end the process. pg tells of it by an `error` event: on the pool while the connection is idle, but on
 * the connection itself while somebody has it and no statement is under way, as between two statements of a transaction. The one who has
 * it meets the loss at the next statement.
 */
export function guardPool(pool: Pool, onIdleLoss: (error: Error) => void): void {
  pool.on('error', onIdleLoss);
  pool.on('connect', (client) => client.on('error', ignore));
}

const ignore = (): undefined => undefined;
