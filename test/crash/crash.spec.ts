import type { PrivateRedis } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from '../../bin/ensure-built.js';
import { fileURLToPath } from 'node:url';
import { CrashServer } from './crash-house.ts';
import { crashRun, summary } from './crash-run.ts';
import { findRedis } from './redis-server.ts';

let server: CrashServer;
let redis: PrivateRedis | undefined;

beforeAll(async () => {
  await ensureBuilt(fileURLToPath(new URL('../../', import.meta.url)));
  [server, redis] = await Promise.all([CrashServer.start(), findRedis()]);
});
afterAll(async () => {
  await server?.stop();
  await redis?.remove();
});

/** Replay one by `npm run crash -- --from SEED --seeds 1`; more of them by `--seeds 25`. */
test.for([101, 102, 103, 104, 105, 106])(
  'seed %i: nothing accepted is lost, nothing is doubled, the ledger balances',
  async (seed) => {
    const report = await crashRun(server, seed, seed % 2 === 0 ? redis : undefined);
    process.stdout.write(`${summary(report)}\n`);
    const { lost, doubled, misplaced, faults } = report;
    expect({ lost, doubled, misplaced, faults }, `replay: npm run crash -- --from ${seed} --seeds 1`).toEqual({
      lost: [],
      doubled: [],
      misplaced: [],
      faults: [],
    });
    expect(report.accepted, 'the load must reach the house between crashes').toBeGreaterThan(0);
  },
);
