import { EventEmitter } from 'node:events';
import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { guardPool } from './guard-pool.ts';

test('neither an idle connection nor one in use ends the process when it is lost', () => {
  const pool = new EventEmitter();
  const lost: string[] = [];
  guardPool(pool as unknown as Pool, ({ message }) => lost.push(message));
  const client = new EventEmitter();
  pool.emit('connect', client);
  expect(client.emit('error', new Error('in use'))).toBe(true);
  expect(pool.emit('error', new Error('idle'))).toBe(true);
  expect(lost).toEqual(['idle']);
});
