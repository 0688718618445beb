import { beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from '../../bin/ensure-built.js';
import { fileURLToPath } from 'node:url';
import { crashRun, summary } from './crash-run.ts';
import { findRedis } from './redis-server.ts';

/** A tenth of a run's by hand. */
const BACKLOG = 10_000;

const newRedis = findRedis();

beforeAll(() => ensureBuilt(fileURLToPath(new URL('../../', import.meta.url))));

/**
 * Replay one by `npm run crash -- --from SEED --seeds 1`; more of them by `--seeds 25`. Three in a row have every
 * trouble, and both backends.
 */
test.concurrent.for([101, 102, 103])(
  'seed %i: nothing accepted is lost, nothing is doubled, the ledger balances',
  async (seed) => {
    const report = await crashRun(seed, {
      redis: seed % 2 === 0 ? await newRedis?.() : undefined,
      backlog: BACKLOG,
      hurry: true,
    });
    process.stdout.write(`${summary(report)}\n`);
    const { lost, doubled, misplaced, faults, planned, struck } = report;
    expect({ lost, doubled, misplaced, faults, struck }, `replay: npm run crash -- --from ${seed} --seeds 1`).toEqual({
      lost: [],
      doubled: [],
      misplaced: [],
      faults: [],
      struck: planned,
    });
    expect(report.accepted, 'the load must reach the house between crashes').toBeGreaterThan(0);
  },
);
